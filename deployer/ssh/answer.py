"""What a machine answers, and how it can refuse to talk"""

from __future__ import annotations

from dataclasses import dataclass

from deployer.errors import Unreachable


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of one act on a machine: exit code, output, complaints."""

    rc: int
    out: str
    err: str = ""

    @property
    def ok(self) -> bool:
        return self.rc == 0

    @property
    def complaint(self) -> str:
        """The last lines it said, for people."""
        return " / ".join((self.err.strip() or self.out.strip()).splitlines()[-3:]) or f"exit code {self.rc}"


class StrangeKey(Unreachable):
    """The machine shows a host key that is not the one we know: nothing was sent to it."""
