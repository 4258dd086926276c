"""How a run is told to stop: once, twice, or because the lease is lost"""

from __future__ import annotations


class Stopped(Exception):
    """The operator asked to stop; the run can be resumed."""


class Brake:
    """Pulled once: finish the current step. Pulled twice: stop at once. Any thread or signal handler may pull.

    Plain flags on purpose: a lock taken in a signal handler could be held by the code it interrupted.
    """

    def __init__(self) -> None:
        self.pulled = False
        self.at_once = False
        self.lost = ""

    def pull(self) -> None:
        self.at_once = self.pulled
        self.pulled = True

    def lose(self, why: str) -> None:
        """The lease is not ours any more: act no further."""
        self.lost = self.lost or why
        self.pulled = True
