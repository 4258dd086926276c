"""A run over time: the shares it set, what people and gates said, and what its time went into"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from deployer.events import (
    AbortAsked,
    Approved,
    Begun,
    Called,
    Done,
    End,
    Ended,
    Failed,
    GoingBack,
    Held,
    Injected,
    OnHold,
    Overrode,
    Planned,
    Record,
    Undecided,
)
from deployer.events import Taken as TakenUp
from deployer.model import Split
from deployer.progress import StepId
from deployer.report import words
from deployer.report.phrases import ENDINGS, STANDING_STILL, phrase
from deployer.steps import Ask, Shift, Step

PERSON = "person"
"""The gate that only a person answers for."""
Span = tuple[float, float]
"""From when until when, UTC epoch seconds."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a person, a gate or the end said; `good` None: neither good nor bad."""

    at: float
    text: str
    person: bool = False
    good: bool | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """What the split of a scope (a site, or "edge") was, from each moment on."""

    scope: str
    points: tuple[tuple[float, Split], ...]

    @property
    def moved(self) -> bool:
        """Users were sent elsewhere: more than another name for where they are."""
        return any(not split.alike(self.points[0][1]) for _, split in self.points)

    @property
    def divided(self) -> bool:
        return any(sum(share > 0 for _, share in split.shares) > 1 for _, split in self.points)


@dataclass(frozen=True, slots=True)
class Course:
    """`pauses` are when the run stood still for a person, `watches` when a gate measured; neither overlaps itself."""

    tracks: tuple[Track, ...] = ()
    moments: tuple[Moment, ...] = ()
    pauses: tuple[Span, ...] = ()
    watches: tuple[Span, ...] = ()

    @property
    def waiting(self) -> float:
        """Seconds that went by because a person was waited for."""
        return _length(self.pauses)

    @property
    def watching(self) -> float:
        """Seconds in which only gates measured."""
        return _length(merged((*self.watches, *self.pauses))) - self.waiting


NO_COURSE = Course()


def course(records: Iterable[Record]) -> Course:
    """The reading of one run's records, in order, whole or so far."""
    read = _Reading()
    for record in records:
        read.apply(record)
    return read.course()


@dataclass(slots=True)
class _Reading:
    plans: list[dict[int, Step]] = field(default_factory=list)
    tracks: dict[str, list[tuple[float, Split]]] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)
    pauses: list[Span] = field(default_factory=list)
    watches: list[Span] = field(default_factory=list)
    asked: dict[StepId, float] = field(default_factory=dict)
    paused: float | None = None
    changed: float = 0.0
    taken: bool = False
    held: bool = False
    """Waiting for the end of a freeze."""
    ended: bool = False

    def apply(self, record: Record) -> None:
        self._take(record)
        self.moments += _moments(record, self._named)
        self.changed = record.at

    def course(self) -> Course:
        for since in self.asked.values():
            self.watches.append((since, self.changed))
        if not self.ended:
            self._go_on(self.changed)
        tracks = tuple(Track(scope, tuple(points)) for scope, points in self.tracks.items())
        return Course(tracks, tuple(self.moments), merged(self.pauses), merged(self.watches))

    def _take(self, record: Record) -> None:
        at = record.at
        match record.event:
            case Planned() as planned:
                self.plans = [planned.plan.numbered]
                self.tracks = {scope: [(at, split)] for scope, split in planned.picture.splits.items()}
            case GoingBack() as back:
                self.plans.append(back.plan.numbered)
            case TakenUp():
                self._taken_up(at)
            case Begun() as begun:
                self._begun((begun.line, begun.number), at)
            case OnHold():
                self.held = True
                self._stand_still(at)
            case Undecided():
                self._stand_still(at)
            case Done() as done:
                self._over((done.line, done.number), at, whole=True)
            case Failed() as failed:
                self._over((failed.line, failed.number), at, whole=False)
            case Ended():
                self.ended = True
                self._stand_still(at)
            case _:
                pass

    def _named(self, line: int, number: int) -> str:
        return f"step {number} ({phrase(self.plans[line][number])})"

    def _taken_up(self, at: float) -> None:
        """Again: nobody walked it since its end, or since the last word of one that was killed."""
        if self.taken:
            self._stand_still(self.changed)
            self._go_on(at)
        self.taken, self.ended = True, False

    def _begun(self, step_id: StepId, at: float) -> None:
        step = self.plans[step_id[0]].get(step_id[1])
        if self.held:
            self._go_on(at)
        self.held = False
        if isinstance(step, Ask) and step.gate == PERSON:
            self._stand_still(at)
        elif isinstance(step, Ask):
            self.asked.setdefault(step_id, at)

    def _over(self, step_id: StepId, at: float, *, whole: bool) -> None:
        step = self.plans[step_id[0]].get(step_id[1])
        if isinstance(step, Shift) and whole:
            self.tracks.setdefault(step.scope, []).append((at, step.split))
        if isinstance(step, Ask):
            self.watches.append((self.asked.pop(step_id, at), at))
            self._go_on(at)

    def _stand_still(self, at: float) -> None:
        self.paused = at if self.paused is None else self.paused

    def _go_on(self, at: float) -> None:
        if self.paused is not None:
            self.pauses.append((self.paused, at))
        self.paused = None


def _moments(record: Record, named: Callable[[int, int], str]) -> Iterator[Moment]:  # noqa: C901, PLR0912 - one arm per kind
    at = record.at
    match record.event:
        case Planned() as one:
            yield Moment(at, f"begun by {one.owner}{_why(one.reason)}", person=True)
        case Done() as one if one.outcome.verdict is not None:
            yield Moment(at, f"{named(one.line, one.number)} passed{_why(one.outcome.note)}", good=True)
        case Failed() as one:
            yield Moment(
                at, f"{named(one.line, one.number)} failed{_why(words.located(one.where, one.what))}", good=False
            )
        case Undecided() as one:
            yield Moment(at, f"{named(one.line, one.number)} has no verdict{_why(one.outcome.note)}")
        case Held() as one:
            yield Moment(at, f"{words.hosts(one.hosts)} held out of the pool{_why(one.why)}", good=False)
        case AbortAsked() as one:
            yield Moment(at, f"{one.who} asked to go back{_why(one.reason)}", person=True)
        case Approved() as one:
            yield Moment(at, f"{one.who} approved {named(one.line, one.number)}{_why(one.reason)}", person=True)
        case Called() as one if one.wrong:
            yield Moment(at, f"hook {one.point} ({one.hook}) failed{_why(one.wrong)}", good=False)
        case Injected() as one:
            yield Moment(at, f"{one.who} injected faults: {one.what}{_why(one.reason)}", person=True)
        case OnHold() as one:
            yield Moment(at, f"on hold before {named(one.line, one.number)}{_why(one.why)}")
        case Overrode() as one:
            yield Moment(at, f"{one.who} and {one.second} overrode the freeze{_why(one.reason)}", person=True)
        case GoingBack() as one:
            yield Moment(at, f"going back{_why(one.why)}", good=False)
        case Ended() as one:
            good = None if one.end in STANDING_STILL else one.end is End.DONE
            yield Moment(at, f"{ENDINGS[one.end]}{_why(one.note)}", good=good)
        case _:
            pass


def _why(text: str) -> str:
    return f": {words.one_line(text)}" if text else ""


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """In order, and none over another."""
    found: list[Span] = []
    for since, until in sorted(spans):
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], until)
        else:
            found.append((since, until))
    return tuple(found)


def _length(spans: Sequence[Span]) -> float:
    return sum(until - since for since, until in spans)
