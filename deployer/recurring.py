"""A thread that does one thing again and again"""

from __future__ import annotations

from abc import ABC, abstractmethod
from threading import Event, Thread
from typing import Self


class Recurring(ABC):
    """Acts every so many seconds from `with` to its end, for the first time `at_once` or after the first pause."""

    def __init__(self, name: str, every: float, *, at_once: bool = False) -> None:
        self._every = every
        self._at_once = at_once
        self._over = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        going = not self._at_once or self._act()
        while going and not self._over.wait(self._every):
            going = self._act()

    @abstractmethod
    def _act(self) -> bool:
        """Whether to go on."""
