"""How a run is told to stop: once, twice, or because the lease is lost"""

from __future__ import annotations

from threading import Event, Lock


class Stopped(Exception):
    """The operator asked to stop; the run can be resumed."""


class Brake:
    """Pulled once: finish the current step. Pulled twice: stop at once. Any thread or signal handler may pull."""

    def __init__(self) -> None:
        self._once = Event()
        self._twice = Event()
        self._lock = Lock()
        self.lost = ""

    def pull(self) -> None:
        if self._once.is_set():
            self._twice.set()
        self._once.set()

    def lose(self, why: str) -> None:
        """The lease is not ours any more: act no further."""
        with self._lock:
            self.lost = self.lost or why
        self._once.set()

    @property
    def pulled(self) -> bool:
        return self._once.is_set()

    @property
    def at_once(self) -> bool:
        return self._twice.is_set()
