"""Who may enter by token, and what they may do there: a file with the digest of each token"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from deployer.errors import SettingsError, UsageError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
LONGEST = 200
"""Characters of a token; more is nobody's."""


class Role(Enum):
    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"


EVERYTHING = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever may enter may look. `proof` tells two tokens, or two ways to enter, of one name apart."""

    name: str
    roles: frozenset[Role]
    proof: str

    def may(self, role: Role) -> bool:
        return role is Role.VIEWER or role in self.roles


@dataclass(frozen=True, slots=True)
class People:
    """Lines of `NAME ROLE,ROLE DIGEST`; read anew at each question, so that who is struck out is out at once."""

    path: Path

    def by_token(self, token: str) -> Person | None:
        digest = _digest(token.strip()[:LONGEST])
        return next((one for one in self._all() if compare_digest(one.proof, digest)), None)

    def by_proof(self, name: str, proof: str) -> Person | None:
        return next((one for one in self._all() if one.name == name and compare_digest(one.proof, proof)), None)

    def admit(self, name: str, roles: Iterable[Role]) -> str:
        """A new token for this person, in place of the one before; it is told only now. Raises UsageError."""
        if not NAME.fullmatch(name):
            raise UsageError(f"{name[:80]!r} is no name: letters, digits, and . _ @ + - within, at most 64 in all")
        token = secrets.token_urlsafe(24)
        others = [one for one in self._all() if one.name != name]
        self._write([*others, Person(name, frozenset(roles), _digest(token))])
        return token

    def _all(self) -> list[Person]:
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as wrong:
            raise SettingsError(f"cannot be read: {wrong}", where=str(self.path)) from None
        return list(self._read(lines))

    def _read(self, lines: list[str]) -> Iterator[Person]:
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.startswith("#"):
                try:
                    name, roles, digest = line.split()
                    yield Person(name, frozenset(Role(role) for role in roles.split(",")), digest)
                except ValueError:
                    raise SettingsError(
                        "expected NAME ROLE,ROLE DIGEST",
                        where=f"{self.path}:{number}",
                        remedy="strike the line out; deployer web --admit NAME --role operator",
                    ) from None

    def _write(self, people: list[Person]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.path.with_name(f"{self.path.name}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("# Who may enter the dashboard; take a line away, and that token opens nothing any more.\n")
            file.writelines(f"{one.name} {_listed(one.roles)} {one.proof}\n" for one in people)
        new.replace(self.path)


def _listed(roles: frozenset[Role]) -> str:
    return ",".join(role.value for role in Role if role in roles) or Role.VIEWER.value


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
