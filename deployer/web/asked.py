"""A page is asked for: by whom, whether they may, and what is answered when not"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from deployer.web.desk import Desk
from deployer.web.people import Person, Role

LONGEST = 16_384
"""Bytes of a form."""


@dataclass(frozen=True, slots=True)
class Asked:
    request: Request
    person: Person
    form: Mapping[str, str] = field(default_factory=dict)

    def named(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])


Show = Callable[[Desk, Asked], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def page(desk: Desk, show: Show) -> Endpoint:
    """For everybody who may enter; others are shown the door."""

    async def endpoint(request: Request) -> Response:
        person = desk.door.who(request)
        if person is None and not desk.door.behind_a_proxy and "hx-request" not in request.headers:
            return RedirectResponse("/enter", 303)
        return await run_in_threadpool(show, desk, Asked(request, known(desk, request)))

    return endpoint


def form(desk: Desk, role: Role, act: Show) -> Endpoint:
    """For who has this role, from a page of ours."""

    async def endpoint(request: Request) -> Response:
        person = known(desk, request)
        given = await fields(request)
        if not desk.door.is_ours(request, given.get("mark", ""), person):
            raise HTTPException(403, "this form did not come from a page of this dashboard; load the page anew")
        if not person.may(role):
            raise HTTPException(403, f"{person.name} is no {role.value} here")
        return await run_in_threadpool(act, desk, Asked(request, person, given))

    return endpoint


def known(desk: Desk, asked: HTTPConnection) -> Person:
    person = desk.door.who(asked)
    if person is None:
        raise HTTPException(401, "nobody is known to have entered; the session may be over")
    return person


async def fields(request: Request) -> Mapping[str, str]:
    """Of a form as a browser sends it; a field given twice counts once."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST:
            raise HTTPException(413, "the form is too long")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
