"""The live table of a run on a terminal: per site and host what it does and waits for"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import RLock
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deployer.events import Record
from deployer.progress import StepId
from deployer.report import words
from deployer.report.board import Board, Row
from deployer.world import Clock

_MOST = 30
"""So many hosts per site are shown, those in motion first."""
_STATE, _ELAPSED = 14, 7
"""Columns that must not jump."""


class LiveTable:
    """Use as a context; `listen` and `tell` may be called by any thread."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._board = Board()
        self._clock = clock
        self._lock = RLock()
        self._console = console
        self._measured: tuple[str, ...] = ()
        self._live = Live(console=console, get_renderable=self.picture, refresh_per_second=4, transient=False)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *failure: object) -> None:
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
        """A line above the table."""
        self._console.print(Text(words.safe(line)))

    def measured(self, lines: Sequence[str]) -> None:
        """What is set and measured of each site's split, as of now."""
        with self._lock:
            self._measured = tuple(lines)

    def picture(self) -> Group:
        with self._lock:
            return picture(self._board, self._clock.now(), self._measured)


def picture(board: Board, now: float, measured: Sequence[str] = ()) -> Group:
    table = Table(box=None, expand=True, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold dim")
    for name in ("site", "host", "state", "release", "for", "waiting for"):
        table.add_column(name, no_wrap=True, overflow="ellipsis", ratio=1 if name == "waiting for" else None)
    for site in dict.fromkeys(row.site for row in board.rows.values()):
        _site(table, site, [row for row in board.rows.values() if row.site == site], now)
    head = Text(words.one_line(board.title), style="bold")
    step = f"{board.done} of {words.count(board.total, 'step')}"
    doing = "; ".join(words.one_line(text) for text in board.doing.values())
    foot = Text(f"{'going back: ' if board.back else ''}{step}{': ' + doing if doing else ''}", style="dim")
    asking = [Text(words.one_line(line)) for told in board.asking.values() for line in told.splitlines()]
    return Group(head, table, *(Text(words.one_line(line)) for line in measured), *asking, foot)


def _site(table: Table, site: str, rows: list[Row], now: float) -> None:
    serving = sum(row.in_service for row in rows)
    table.add_row(Text(words.one_line(site), style="bold"), Text(f"{serving} of {len(rows)} in service", style="bold"))
    urgent = sorted(rows, key=lambda row: not (row.since is not None or row.failed))[:_MOST]
    shown = {row.host for row in urgent}
    for row in (row for row in rows if row.host in shown):
        elapsed = words.duration(now - row.since) if row.since is not None else ""
        table.add_row(
            "",
            Text(row.host),
            Text(f"{row.state:<{_STATE}}", style=_style(row)),
            Text(words.one_line(row.release or "?")),
            f"{elapsed:>{_ELAPSED}}",
            Text(words.one_line(row.waiting), style="dim"),
        )
    if len(rows) > len(shown):
        table.add_row("", Text(f"and {len(rows) - len(shown)} more", style="dim"))


def _style(row: Row) -> str:
    if row.failed:
        return "bold red"
    if row.since is not None:
        return "yellow"
    if row.finished:
        return "green"
    return "" if row.in_service else "yellow"
