"""`web:` in deployer.yml: where the dashboard listens, and who may do what there"""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from deployer.errors import UsageError
from deployer.settings.kinds import Name, OptionalPath, Values

Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")]
PLACE = r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$"
Names = Annotated[tuple[Name, ...], Field(strict=False)]


def at(listen: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`. Raises UsageError."""
    host, _, port = listen.rpartition(":")
    if not re.fullmatch(PLACE, listen) or int(port) > 65535:  # noqa: PLR2004 - the last port
        raise UsageError(f"{listen!r} is no place to listen at", where="--listen", remedy="--listen 127.0.0.1:8460")
    return host.strip("[]"), int(port)


class WebValues(Values):
    listen: str = Field(default="127.0.0.1:8460", pattern=PLACE)
    """address and port; another than loopback only behind a proxy with TLS"""
    url: str = Field(default="", pattern=r"^(https?://[^/\s]+)?$")
    """how people reach it where a proxy stands before it, such as https://deploy.example.com"""
    people: OptionalPath = ""
    """who may enter by token, written by `deployer web --admit NAME`; empty: a file in ~/.local/state/deployer"""
    proxy_secret: OptionalPath = ""
    """a file with what a trusted proxy says in X-Deployer-Proxy: then its headers name the person, not a token"""
    user_header: Header = "X-Remote-User"
    """where that proxy names the person"""
    groups_header: Header = "X-Remote-Groups"
    """where it lists their groups, with commas between"""
    operators: Names = ()
    """who may abort and evacuate, behind that proxy: names, or @group"""
    approvers: Names = ()
    """who may approve and promote, behind that proxy: names, or @group"""

    @property
    def place(self) -> tuple[str, int]:
        return at(self.listen)

    @model_validator(mode="after")
    def _names_need_a_proxy(self) -> Self:
        if (self.operators or self.approvers) and not self.proxy_secret:
            raise ValueError("operators and approvers are those a proxy names: proxy_secret is missing")
        return self
