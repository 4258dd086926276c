"""Who asks: by a session begun with a token, or by what a trusted proxy says"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from deployer.errors import SettingsError
from deployer.settings.web import WebValues
from deployer.web.people import NAME, People, Person, Role
from deployer.web.seal import Seal

COOKIE = "deployer"
HOURS = 12
"""A session's length: a shift, and its handover."""
PROXY = "X-Deployer-Proxy"


@dataclass(frozen=True, slots=True)
class Door:
    values: WebValues
    people: People
    seal: Seal
    now: Callable[[], float]

    @property
    def behind_a_proxy(self) -> bool:
        return bool(self.values.proxy_secret)

    def who(self, asked: HTTPConnection) -> Person | None:
        return self._by_proxy(asked) if self.behind_a_proxy else self._by_session(asked)

    def program(self, asked: HTTPConnection) -> Person | None:
        """A program that reads numbers: it sends its token with each question, or the proxy names it."""
        kind, _, token = asked.headers.get("authorization", "").partition(" ")
        if self.behind_a_proxy or kind.lower() != "bearer":
            return self.who(asked)
        return self.people.by_token(token)

    def enter(self, token: str, answer: Response, *, secure: bool) -> Person | None:
        """Begin a session in this answer, when the token is somebody's."""
        person = self.people.by_token(token)
        if person:
            until = int(self.now()) + HOURS * 3600
            closed = self.seal.close("session", f"{until} {person.name} {person.proof}")
            answer.set_cookie(
                COOKIE, closed, max_age=HOURS * 3600, httponly=True, samesite="strict", secure=secure, path="/"
            )
        return person

    def leave(self, answer: Response) -> None:
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")

    def form_mark(self, person: Person) -> str:
        """What a form of ours carries, and a forged one cannot."""
        return self.seal.mark("form", f"{person.name} {person.proof}")

    def is_ours(self, request: Request, mark: str, person: Person) -> bool:
        """The form came from a page of ours: it has the mark, and the browser says no other site sent it."""
        foreign = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
        return not foreign and self.seal.is_mark(mark, "form", f"{person.name} {person.proof}")

    def _by_session(self, asked: HTTPConnection) -> Person | None:
        opened = self.seal.open("session", asked.cookies.get(COOKIE, ""))
        until, name, proof = opened.split(" ") if opened else ("0", "", "")
        return self.people.by_proof(name, proof) if int(until) > self.now() else None

    def _by_proxy(self, asked: HTTPConnection) -> Person | None:
        told = asked.headers.get(PROXY, "")
        name = asked.headers.get(self.values.user_header, "")
        if not compare_digest(told.encode(), _secret(self.values.proxy_secret)) or not NAME.fullmatch(name):
            return None
        groups = asked.headers.get(self.values.groups_header, "").split(",")
        known = {name, *(f"@{group.strip()}" for group in groups if group.strip())}
        named = {Role.OPERATOR: self.values.operators, Role.APPROVER: self.values.approvers}
        return Person(name, frozenset(role for role, names in named.items() if known & set(names)), "proxy")


def _secret(path: str) -> bytes:
    """Raises SettingsError where there is none: nobody is let in then."""
    try:
        secret = Path(path).read_bytes().strip()
    except OSError as wrong:
        raise SettingsError(f"web.proxy_secret cannot be read: {wrong.strerror}", where=path) from None
    if len(secret) < 16:  # noqa: PLR2004 - bytes; less can be guessed
        raise SettingsError("web.proxy_secret is shorter than 16 characters", where=path)
    return secret
