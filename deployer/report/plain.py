"""The story of a run as plain lines: no terminal, or CI"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import RLock
from typing import Self

from deployer.events import Done, Record
from deployer.progress import StepId
from deployer.report import words
from deployer.report.log import Log
from deployer.world import Clock

_SELDOM = 5.0
"""Seconds between two lines about what one step waits for."""


class PlainStory:
    """Use as a context; `listen`, `tell` and `say` may be called by any thread."""

    def __init__(self, write: Callable[[str], None], clock: Clock) -> None:
        self._log = Log()
        self._write = write
        self._clock = clock
        self._lock = RLock()
        self._measured: tuple[str, ...] = ()
        self._told: dict[StepId, tuple[float, str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        pass

    def catch_up(self, records: Iterable[Record]) -> None:
        """Know what happened before, in silence."""
        with self._lock:
            for record in records:
                self._log.lines(record)

    def listen(self, record: Record) -> None:
        with self._lock:
            for line in self._log.lines(record):
                self._write(line)
            if isinstance(record.event, Done) and record.event.outcome.verdict is not None:
                for line in self._measured:
                    self._write(f"  {words.one_line(line)}")

    def measured(self, lines: Sequence[str]) -> None:
        """Told when a gate has answered: at each step of a ladder."""
        with self._lock:
            self._measured = tuple(lines)

    def rated(self, rates: Mapping[str, str]) -> None:
        """Lines have no place for what changes all the time."""

    def limited(self, limits: Mapping[str, float]) -> None:
        """Nor for what is due."""

    def tell(self, step: StepId, line: str) -> None:
        """What goes into detail, over several lines, is news and told at once."""
        with self._lock:
            last, said = self._told.get(step, (float("-inf"), ""))
            now = self._clock.monotonic()
            if line != said and (now - last >= _SELDOM or "\n" in line):
                self._told[step] = now, line
                for part in line.splitlines():
                    self._write(self._log.waiting(step, part, self._clock.now()))

    def say(self, line: str) -> None:
        with self._lock:
            self._write(words.safe(line))
