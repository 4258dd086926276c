"""Proof before users: what is checked, and when"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from deployer.settings.kinds import Name, Seconds, Values

Point = Literal["verify", "step", "finish"]


class CheckValues(Values):
    """One of path, url, command and playbook; `{version}` in them stands for the release."""

    at: Annotated[tuple[Point, ...], Field(strict=False, min_length=1)] = ("verify",)
    """verify: each host before it returns; step: at each step of a ladder; finish: before the run ends"""
    path: str = ""
    """asked of each host past the balancers, such as /login"""
    url: str = ""
    """or asked through the balancers, as a tester of the release"""
    command: str = ""
    """or run where deployer runs, a path from the directory of this file; 0 is good"""
    playbook: str = ""
    """or played on the hosts; a path from the directory of this file"""
    status: int = Field(default=200, ge=100, le=599)
    """what a page must answer with"""
    contains: str = ""
    """what must stand in its body"""
    tester_key_file: str = ""
    """the key that signs testers, where the balancers want one (balancer_tester_key)"""
    within: Seconds = 0
    """a check that fails is tried again for so long"""
    timeout: Seconds = 30
    """how long one try may take"""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(map(bool, (self.path, self.url, self.command, self.playbook))) != 1:
            raise ValueError("exactly one of path, url, command and playbook")
        if self.path and not self.path.startswith("/"):
            raise ValueError("a path such as /login")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("a url such as https://shop.example.com/")
        return self


Checks = dict[Name, CheckValues]
