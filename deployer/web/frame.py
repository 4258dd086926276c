"""A run as it is sent to browsers: parts of a page, drawn once for everybody who watches"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from deployer.events import Record
from deployer.report.chart import HEIGHT, WIDTH, charts
from deployer.report.course import Track
from deployer.report.gate import gate_text
from deployer.report.log import Log
from deployer.report.verdicts import VerdictAccount
from deployer.settings.values import Settings
from deployer.web import pages
from deployer.web.glance import Glance, glance

EDGE = "edge"
PARTS = ("head", "doing", "sites", "ways", "gates", "steps")


@dataclass(frozen=True, slots=True)
class Frame:
    """`parts` by name; `log` has each line with the seq of its record; `curves` is JSON for live charts."""

    glance: Glance
    parts: Mapping[str, str]
    log: tuple[tuple[int, str], ...]
    curves: str

    @property
    def seq(self) -> int:
        return self.glance.seq


def frame(records: Sequence[Record], settings: Settings, inventory: str, *, at_work: bool, now: float) -> Frame:
    seen = glance(records, settings, inventory, at_work=at_work, now=now)
    newest_first = enumerate(reversed(seen.account.verdicts))
    values = {"seen": seen, "verdicts": tuple(_told(one, live=number == 0) for number, one in newest_first)}
    parts = {name: pages.drawn(f"_{name}", box=(WIDTH, HEIGHT), **values) for name in PARTS}
    return Frame(seen, parts, tuple(_lines(records)), _curves(seen))


def _told(one: VerdictAccount, *, live: bool) -> tuple[object, ...]:
    """With its charts, but for what live curves show already."""
    curves = {point.metric for look in one.looks for point in look.points} if live else ()
    return one, tuple(chart for chart in charts(one) if chart.title not in curves), gate_text(one)


def _lines(records: Iterable[Record]) -> Iterable[tuple[int, str]]:
    log = Log()
    for record in records:
        for line in log.lines(record):
            yield record.seq, line


def _curves(seen: Glance) -> str:
    """Series per chart: `x` in UTC epoch seconds, `y` with null where there is none."""
    drawn = [
        _shares(track, seen)
        for track in seen.account.course.tracks
        if track.moved or (track.divided and track.scope != EDGE)
    ]
    drawn += [curve for one in seen.account.verdicts[-1:] for curve in _metrics(one)]
    return json.dumps(drawn, separators=(",", ":"))


def _shares(track: Track, seen: Glance) -> dict[str, object]:
    names = dict.fromkeys(name for _, split in track.points for name, _ in split.shares)
    until = max(seen.account.changed, track.points[-1][0])
    times = [*(at for at, _ in track.points), until]
    splits = [*(split for _, split in track.points), track.points[-1][1]]
    return {
        "title": f"{track.scope}: share of users",
        "unit": "%",
        "stepped": True,
        "x": times,
        "series": [{"name": name, "y": [split.of(name) / 100 for split in splits]} for name in names],
        "new": list(names)[-1] if track.scope == EDGE else seen.account.intent.release.version,
    }


def _metrics(one: VerdictAccount) -> Iterable[dict[str, object]]:
    """Only the window that counts: shares or hosts changed before it."""
    window = one.looks[-1].window if one.looks else 0
    looks = [look for look in one.looks if look.window == window]
    for name in dict.fromkeys(point.metric for look in looks for point in look.points):
        points = [next((point for point in look.points if point.metric == name), None) for look in looks]
        if all(point is None or (point.new is None and point.old is None) for point in points):
            continue
        yield {
            "title": name,
            "unit": "",
            "stepped": False,
            "x": [look.at for look in looks],
            "series": [
                {"name": one.step.former or "before", "y": [point and point.old for point in points]},
                {"name": one.step.release, "y": [point and point.new for point in points]},
            ],
            "new": one.step.release,
        }
