"""A run on one axis of time: what each host did, where users were, and who said what, all in percent of the width"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deployer.model import WHOLE
from deployer.report import words
from deployer.report.account import Account, HostAccount, State, StepAccount
from deployer.report.course import Moment, Span, Track

TICKS = (0.0, 25.0, 50.0, 75.0, 100.0)
AFTER = 0.04
"""So much of the time that was worked is drawn beyond the end: the last act is to be seen too."""
NARROW = 0.15
"""A pause takes no more than this part of the time that was worked: a night's wait must not hide the work."""
COLOURS = 5
THIN = 0.3
"""Percent: what is shorter is drawn so wide."""


@dataclass(frozen=True, slots=True)
class Bar:
    """From `left`, so wide; `low` and `high` are how far it reaches up, all in percent. `kind` gives its colour."""

    kind: str
    left: float
    width: float
    title: str
    low: float = 0.0
    high: float = 100.0


@dataclass(frozen=True, slots=True)
class Lane:
    """A caption and what is drawn below it."""

    name: str
    bars: tuple[Bar, ...]
    tall: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    left: float
    moment: Moment


@dataclass(frozen=True, slots=True)
class Timeline:
    """`pauses` shade all lanes; `ticks` are where on the axis it was when."""

    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    pauses: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    names: tuple[str, ...]
    """Whose shares are drawn, in the order of their colours."""


class Axis:
    """Time to percent of the width, and back; pauses are drawn narrower than they were."""

    def __init__(self, began: float, ended: float, pauses: tuple[Span, ...]) -> None:
        inner = [(max(since, began), min(until, ended)) for since, until in pauses if until > began and since < ended]
        worked = (ended - began) - sum(until - since for since, until in inner)
        self._pieces: list[tuple[float, float, float]] = []
        at = began
        for since, until in inner:
            narrow = min(until - since, NARROW * worked) if worked > 0 else until - since
            self._pieces += [(at, since, since - at), (since, until, narrow)]
            at = until
        self._pieces.append((at, ended, ended - at))
        self._whole = sum(width for *_, width in self._pieces) or 1.0

    def percent(self, at: float) -> float:
        gone = 0.0
        for since, until, width in self._pieces:
            if at < until:
                gone += width * max(0.0, at - since) / (until - since)
                break
            gone += width
        return round(min(100.0, 100 * gone / self._whole), 2)

    def moment(self, percent: float) -> float:
        left = percent / 100 * self._whole
        for since, until, width in self._pieces:
            if left <= width and width:
                return since + (until - since) * left / width
            left -= width
        return self._pieces[-1][1]

    def bar(self, kind: str, span: Span, title: str) -> Bar:
        left = self.percent(span[0])
        return Bar(kind, min(left, 100 - THIN), round(max(THIN, self.percent(span[1]) - left), 2), title)


def timeline(account: Account) -> Timeline:
    ended = account.changed + AFTER * account.working
    axis = Axis(account.started, ended, account.course.pauses)
    tracks = [track for track in account.course.tracks if _worth(track)]
    names = tuple(dict.fromkeys(name for track in tracks for _, split in track.points for name, _ in split.shares))
    shares = [_shares(axis, track, names, ended) for track in tracks]
    return Timeline(
        lanes=(*shares, *_lanes(axis, account)),
        marks=tuple(Mark(axis.percent(one.at), one) for one in account.course.moments),
        pauses=tuple(
            axis.bar("pause", span, f"waiting for a person, {words.duration(span[1] - span[0])}")
            for span in account.course.pauses
        ),
        ticks=tuple((tick, words.time_of_day(axis.moment(tick))) for tick in TICKS),
        names=names,
    )


def _worth(track: Track) -> bool:
    """Where a split only names the release anew that everybody is on, hosts tell more."""
    return track.moved and (track.divided or track.scope == "edge")


def _shares(axis: Axis, track: Track, names: tuple[str, ...], ended: float) -> Lane:
    """One upon the other, so that they fill the lane."""
    bars: list[Bar] = []
    ends = (*(at for at, _ in track.points[1:]), ended)
    for (at, split), until in zip(track.points, ends, strict=True):
        low = 0.0
        for name, share in sorted(split.shares, key=lambda one: names.index(one[0])):
            part = 100 * share / WHOLE
            if part:
                drawn = axis.bar(f"share{names.index(name) % COLOURS}", (at, until), f"{name} {part:g} %")
                bars.append(Bar(drawn.kind, drawn.left, drawn.width, drawn.title, low, low + part))
            low += part
    first, last = track.points[0][1], track.points[-1][1]
    scope = "users by site" if track.scope == "edge" else f"users at {track.scope}"
    return Lane(f"{scope}: {first}, in the end {last}", tuple(bars), tall=True)


def _lanes(axis: Axis, account: Account) -> Iterator[Lane]:
    """Hosts to which the same was done at the same time share a lane."""
    alike: dict[tuple[str, tuple[Bar, ...]], list[HostAccount]] = {}
    for host in account.hosts:
        bars = tuple(_bar(axis, account, step) for step in account.steps if host.host in step.hosts and step.began)
        alike.setdefault((host.site, bars), []).append(host)
    for (_, bars), hosts in alike.items():
        if bars:
            yield Lane(_named(hosts), bars)


def _named(hosts: list[HostAccount]) -> str:
    out = max((host.out_seconds for host in hosts if host.out_seconds is not None), default=None)
    away = f", out of the pool {words.duration(out)}" if out is not None else ""
    return f"{words.hosts(host.host for host in hosts)}{away}"


def _bar(axis: Axis, account: Account, step: StepAccount) -> Bar:
    began = step.began if step.began is not None else account.started
    ended = step.ended if step.ended is not None else account.changed
    note = f". {step.note}" if step.note and step.state is not State.DONE else ""
    title = f"{step.number} {step.text}: {step.state.value}, {words.duration(ended - began)}{note}"
    return axis.bar("failed" if step.state is State.FAILED else step.verb, (began, ended), title)
