"""The live view of a run on a terminal: the screen drawn again and again, fed by records and by what steps say"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from threading import RLock
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from deployer.events import Record
from deployer.progress import StepId
from deployer.report import words
from deployer.report.board import Board
from deployer.report.column import Canvas
from deployer.report.screen import Around, screen
from deployer.report.signs import ASCII, signs
from deployer.world import Clock


class LiveTable:
    """Use as a context; all may be called by any thread."""

    def __init__(self, console: Console, clock: Clock, around: Around) -> None:
        self._board = Board()
        self._clock = clock
        self._lock = RLock()
        self._console = console
        self._around = around
        self._signs = signs(console.encoding)
        self._live = Live(console=console, get_renderable=self.picture, refresh_per_second=4, transient=False)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *failure: object) -> None:
        with self._lock:
            self._board.leave()
        self._live.stop()

    def catch_up(self, records: Iterable[Record]) -> None:
        """Know what happened before."""
        for record in records:
            self.listen(record)

    def listen(self, record: Record) -> None:
        with self._lock:
            self._board.apply(record)

    def tell(self, step: StepId, line: str) -> None:
        with self._lock:
            self._board.tell(step, line)

    def say(self, line: str) -> None:
        """A line above the view."""
        self._console.print(Text(words.safe(line)))

    def measured(self, lines: Sequence[str]) -> None:
        """What is set and measured of each site's split, as of now."""
        with self._lock:
            self._around = replace(self._around, measured=tuple(lines))

    def rated(self, rates: Mapping[str, str]) -> None:
        """Requests and failures of each site, as of now."""
        with self._lock:
            self._around = replace(self._around, rates=rates)

    def limited(self, limits: Mapping[str, float]) -> None:
        """How long the steps may take, in seconds by verb."""
        with self._lock:
            self._around = replace(self._around, limits=limits)

    def picture(self) -> Group:
        with self._lock:
            size = self._console.size
            canvas = Canvas(size.width - 1, size.height - 1, self._signs, self._clock.now())
            lines = screen(self._board, canvas, self._around)
        for line in lines:
            line.no_wrap, line.overflow = True, "crop"
        return Group(*(_plain(line) if self._signs is ASCII else line for line in lines))


def _plain(line: Text) -> Text:
    """Foreign letters as their codes, where the terminal has none of them."""
    if line.plain.isascii():
        return line
    return Text(
        line.plain.encode("ascii", "backslashreplace").decode(), style=line.style, no_wrap=True, overflow="crop"
    )
