"""One site as a column of the live view: its hosts as rows or cells, its split as bars, its requests"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.text import Text

from deployer.model import WHOLE
from deployer.report import words
from deployer.report.board import Board, Row
from deployer.report.signs import Signs

_STATE, _RELEASE, _FOR = 11, 9, 5
_SHARE, _GAP = 7, 2


@dataclass(frozen=True, slots=True)
class Canvas:
    """So many columns and lines, drawn with these signs at this moment (UTC epoch seconds)."""

    width: int
    height: int
    signs: Signs
    now: float

    def fit(self, text: str, style: str = "") -> Text:
        return Text(self.signs.fit(text, self.width), style=style)


def column(board: Board, site: str, on: Canvas, rate: str = "") -> list[Text]:
    """At most so many lines as there are; hosts are folded into cells, then into a count, where they are too many."""
    rows = board.site(site)
    head = [on.fit(_title(board, site, rows), "bold")]
    if rate:
        head.append(on.fit(rate, "" if " 0 failing" in rate else "bold red"))
    head += _bars(board, site, on)
    hosts = _hosts(board, rows, replace(on, height=on.height - len(head)))
    return [*head, *hosts][: on.height]


def bar(name: str, share: int, named: int, on: Canvas) -> Text:
    """`1.1.0  ##-----  25 %`; share in hundredths of a percent."""
    said = f"{share / 100:g} %"
    room = max(4, on.width - named - _SHARE - _GAP)
    text = Text(f"{on.signs.name(words.one_line(name), named)} ")
    return text.append(on.signs.bar(share / WHOLE, room), style="cyan").append(f" {said:>{_SHARE}}")


def _bars(board: Board, site: str, on: Canvas) -> Iterator[Text]:
    """One for each release, where users are led to one of several, or one more is known."""
    split = board.splits.get(site)
    led = board.intent is not None and (board.intent.ladder or board.intent.switch)
    if split is not None and (led or len(split.shares) > 1):
        named = min(max(len(name) for name, _ in split.shares), _RELEASE + 3)
        yield from (bar(name, share, named, on) for name, share in split.shares)


def _title(board: Board, site: str, rows: Sequence[Row]) -> str:
    serving = sum(row.in_service for row in rows)
    floor = board.intent.floor.get(site, 0) if board.intent else 0
    return f"{words.one_line(site)}  {serving} of {len(rows)} in service{f', floor {floor}' if floor else ''}"


def _hosts(board: Board, rows: Sequence[Row], on: Canvas) -> list[Text]:
    named = _names(rows)
    if len(rows) <= on.height:
        return [_row(board, row, named, on) for row in rows]
    grid = _cells(board, rows, on)
    if len(grid) > max(1, on.height - 1):
        grid = [on.fit(_counted(board, rows, on.signs))]
    urgent = [row for row in rows if row.failed] + [row for row in rows if row.since is not None and not row.failed]
    return [*grid, *(_row(board, row, named, on) for row in urgent[: max(0, on.height - len(grid))])]


def _names(rows: Sequence[Row]) -> dict[str, str]:
    """Hosts without their domain, where that still tells them apart."""
    short = {row.host: row.host.partition(".")[0] for row in rows}
    apart = len(set(short.values())) == len(rows) and not any(name.isdigit() for name in short.values())
    return short if apart else {row.host: row.host for row in rows}


def _cells(board: Board, rows: Sequence[Row], on: Canvas) -> list[Text]:
    """A sign for each host, in the order of the inventory."""
    parts = [rows[at : at + on.width] for at in range(0, len(rows), on.width)]
    return [
        Text.assemble(*(_mark(board, row, on.signs) for row in part)).append(" " * (on.width - len(part)))
        for part in parts
    ]


def _counted(board: Board, rows: Sequence[Row], signs: Signs) -> str:
    marks = [_mark(board, row, signs)[0] for row in rows]
    return "  ".join(f"{mark} {marks.count(mark)}" for mark in dict.fromkeys(marks))


def _row(board: Board, row: Row, named: Mapping[str, str], on: Canvas) -> Text:
    mark, style = _mark(board, row, on.signs)
    release = min(_RELEASE, max(len(one.release or "?") for one in board.site(row.site)))
    room = max(6, on.width - 2 - _STATE - release - _FOR - 3)
    elapsed = _short(on.now - row.since) if row.since is not None else ""
    return (
        Text(f"{mark} ", style=style)
        .append(f"{on.signs.name(named[row.host], room)} ", style="")
        .append(f"{on.signs.fit(_said(row), _STATE)} ", style=style)
        .append(f"{on.signs.name(words.one_line(row.release or '?'), release)} ", style="")
        .append(f"{elapsed:>{_FOR}}", style="")
    )


def _said(row: Row) -> str:
    return "out" if row.state == "out of service" else row.state


def _mark(board: Board, row: Row, signs: Signs) -> tuple[str, str]:
    """The sign of a host and its style."""
    wanted = board.intent.release.version if board.intent else ""
    if row.failed:
        return signs.failed, "bold red"
    if row.since is not None:
        return signs.moving, "yellow"
    if not row.in_service:
        return signs.out, "yellow"
    return (signs.new, "green") if row.release == wanted else (signs.old, "")


def _short(seconds: float) -> str:
    """In five characters."""
    return f"{seconds:.0f} s" if seconds < 1000 else f"{seconds / 60:.0f} m"  # noqa: PLR2004
