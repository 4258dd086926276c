"""What `show stat`, `show info` and `show proc` of HAProxy say, as values"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from deployer.model import Standing

OUT = ("NOLB", "DRAIN", "MAINT")
_WELL = ("hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_other")


@dataclass(frozen=True, slots=True)
class Row:
    """One server of one backend (server "" = the backend itself).

    `sessions` and `queued` are requests (http) or connections (tcp) now, `total` since the start, `idle` are kept
    connections to the server on which nothing happens. `by_hand`: an operator's drain, maint, weight 0.
    """

    backend: str
    server: str
    status: str
    sessions: int
    queued: int
    total: int
    idle: int
    weight: int
    check: str
    cookie: str
    mode: str
    failed: int = 0
    """Answers with 5xx, broken connections and broken answers, since the start."""
    answered: int = 0
    """All answers and the broken ones (tcp: connections), since the start: never less than `failed`."""
    rate: int = 0
    response: int = 0
    """Mean milliseconds until its answer begins, over its last 1024 requests."""
    """Requests (http) or connections (tcp) in the last second."""

    @property
    def standing(self) -> Standing:
        word = self.status.partition(" ")[0]
        if word in OUT:
            return Standing.OUT
        # "no check" is served for ever, "UP 1/3" until it is down
        return Standing.DOWN if word == "DOWN" else Standing.UP

    @property
    def by_hand(self) -> bool:
        return self.status.startswith(("DRAIN", "MAINT"))


def rows(answer: str) -> tuple[Row, ...]:
    """All servers and backends in the answers to `show stat` (other answers may stand between)."""
    return tuple(_rows(answer))


def _rows(answer: str) -> Iterator[Row]:
    names: list[str] = []
    for line in csv.reader(answer.splitlines()):
        if line and line[0].startswith("# pxname"):
            names = ["pxname", *line[1:]]
        elif not line:
            names = []
        elif names and len(line) > len(names) // 2:
            cell = dict(zip(names, line, strict=False))
            if cell["svname"] != "FRONTEND":
                yield _row(cell)


def _row(cell: dict[str, str]) -> Row:
    def number(name: str) -> int:
        return int(cell.get(name) or 0)

    return Row(
        cell["pxname"],
        "" if cell["svname"] == "BACKEND" else cell["svname"],
        cell["status"],
        number("scur"),
        number("qcur"),
        number("stot"),
        number("idle_conn_cur") + number("safe_conn_cur"),
        number("uweight"),
        f"{cell.get('check_status', '')} {cell.get('check_code', '')}".strip(),
        cell.get("cookie", ""),
        cell.get("mode", ""),
        failed := number("hrsp_5xx") + number("econ") + number("eresp"),
        failed + sum(map(number, _WELL)) if cell.get("mode") == "http" else number("stot"),
        number("rate"),
        number("rtime"),
    )


def info(answer: str, name: str) -> str:
    """One line of `show info`, "" when it is not there."""
    head = f"{name}: "
    return next((line.removeprefix(head) for line in answer.splitlines() if line.startswith(head)), "")


@dataclass(frozen=True, slots=True)
class Workers:
    """The processes of a master, from `show proc`."""

    current: tuple[int, ...]
    old: tuple[int, ...]


def workers(answer: str) -> Workers:
    found: dict[str, list[int]] = {}
    heading = ""
    for line in answer.splitlines():
        if line.startswith("#"):
            heading = line.removeprefix("#").strip()
        elif (words := line.split()) and words[0].isdigit() and words[1:2] == ["worker"]:
            found.setdefault(heading, []).append(int(words[0]))
    return Workers(tuple(found.get("workers", ())), tuple(found.get("old workers", ())))
