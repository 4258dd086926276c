"""Lines to draw: each metric of a verdict over time, on both releases, and how both were distributed in the end"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from deployer.gates.judge.data import Histogram, Side
from deployer.report import words
from deployer.report.verdicts import VerdictAccount

WIDTH, HEIGHT = 320, 90
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Chart:
    """Polylines in a box of WIDTH x HEIGHT, as SVG wants them; `low` and `high` are what the edges stand for."""

    title: str
    new: tuple[str, ...]
    old: tuple[str, ...]
    left: str
    right: str
    low: str
    high: str


def charts(one: VerdictAccount) -> Iterator[Chart]:
    for metric in dict.fromkeys(point.metric for look in one.looks for point in look.points):
        yield _over_time(one, metric)
    if one.judged is None:
        return
    canary, baseline = one.judged.data.canary, one.judged.data.baseline
    for name in dict.fromkeys(name for side in canary for name in side.metrics):
        new, old = _spread(canary, name), _spread(baseline, name)
        if new and old:
            yield _distribution(name, new, old)


def _over_time(one: VerdictAccount, metric: str) -> Chart:
    """What was seen from the beginning of the window to each look; a new window begins a new line."""
    seen = [(look, point) for look in one.looks for point in look.points if point.metric == metric]
    new = [(look.window, (look.at, point.new)) for look, point in seen if point.new is not None]
    old = [(look.window, (look.at, point.old)) for look, point in seen if point.old is not None]
    began, ended = one.looks[0].since, one.looks[-1].at
    box = _Box(began, ended, 0.0, max((value for _, (_, value) in (*new, *old)), default=0.0))
    times = words.time_of_day(began), words.time_of_day(ended)
    return Chart(metric, box.lines(new), box.lines(old), *times, "0", f"{box.top:.3g}")


def _spread(sides: Sequence[Side], name: str) -> list[Point]:
    """(upper edge, share of requests up to it), over all sites that measured alike."""
    found = [metric for side in sides if isinstance(metric := side.metrics.get(name), Histogram)]
    alike = [one for one in found if one.le == found[0].le]
    sums = list(accumulate(map(sum, zip(*(one.count for one in alike), strict=True))))
    if not sums or not sums[-1]:
        return []
    return [(edge, count / sums[-1]) for edge, count in zip(alike[0].le, sums, strict=True)]


def _distribution(name: str, new: list[Point], old: list[Point]) -> Chart:
    """The share of requests that were as fast as that; the last edge is unbounded and shown as the one before."""
    edges = [edge for edge, _ in (*new, *old) if edge != float("inf")]
    box = _Box(0.0, _far(new, old, max(edges, default=1.0)), 0.0, 1.0)
    lines = [box.line(_steps([(min(edge, box.right), share) for edge, share in side])) for side in (new, old)]
    return Chart(f"{name}, share up to", (lines[0],), (lines[1],), "0", f"{box.right:.3g}", "0 %", "100 %")


def _far(new: list[Point], old: list[Point], most: float) -> float:
    """The edge up to which nearly all requests are."""
    return min((edge for edge, share in new if share > 0.995 and dict(old).get(edge, 1.0) > 0.995), default=most)  # noqa: PLR2004


def _steps(points: list[Point]) -> list[Point]:
    """Up at each edge, level in between."""
    found = [(0.0, 0.0)]
    for at, share in points:
        found += [(at, found[-1][1]), (at, share)]
    return found


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    right: float
    bottom: float
    top: float

    def lines(self, points: Sequence[tuple[int, Point]]) -> tuple[str, ...]:
        """One for each window."""
        windows = dict.fromkeys(window for window, _ in points)
        return tuple(self.line([point for window, point in points if window == one]) for one in windows)

    def line(self, points: Sequence[Point]) -> str:
        return " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in points)

    def _x(self, x: float) -> float:
        return WIDTH * (min(x, self.right) - self.left) / ((self.right - self.left) or 1.0)

    def _y(self, y: float) -> float:
        return HEIGHT - HEIGHT * (y - self.bottom) / ((self.top - self.bottom) or 1.0)
