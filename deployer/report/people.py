"""What people did: who, when, what and why, read from records"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deployer.events import (
    SERVICE,
    AbortAsked,
    Approved,
    Event,
    Frozen,
    GoingBack,
    Injected,
    Lifted,
    LockBroken,
    Overrode,
    Planned,
    Record,
    Taken,
)
from deployer.report import words
from deployer.report.phrases import subject


@dataclass(frozen=True, slots=True)
class Act:
    """`at` is UTC epoch seconds; `seq` the record in the journal."""

    seq: int
    at: float
    run: str
    who: str
    what: str
    why: str = ""


def acts(records: Iterable[Record]) -> Iterator[Act]:
    """In order. That whoever began a run also walks it is not told twice."""
    walks: dict[str, str] = {}
    for record in records:
        event, first = record.event, record.run not in walks
        if isinstance(event, Taken):
            walks[record.run] = event.owner
        for who, what, why in () if isinstance(event, Taken) and first else _said(event, walks.get(record.run, "")):
            yield Act(record.seq, record.at, record.run, who, what, why)


def act_line(act: Act, width: int = 0) -> str:
    """`2026-11-28 12:00:00 UTC  20261128-115800-1f3a  bob (jenkins@agent1) approved step 5: CHG-1`"""
    why = f": {words.one_line(act.why)}" if act.why else ""
    run = "" if act.run == SERVICE else words.one_line(act.run)
    return f"{words.moment(act.at)}  {run:<{width}}  {words.one_line(act.who)} {words.one_line(act.what)}{why}"


def _said(event: Event, walks: str) -> Iterator[tuple[str, str, str]]:  # noqa: C901 - one arm per kind of record
    match event:
        case Planned():
            yield event.owner, f"began {event.plan.intent.strategy}, {subject(event.plan.intent)}", event.reason
        case Taken():
            yield event.owner, f"took the run up again, epoch {event.epoch}", ""
        case GoingBack():
            yield walks, "took it back", event.why
        case LockBroken():
            yield event.who, f"freed the lock of {event.owner} for run {event.run}", event.reason
        case Approved():
            yield event.who, f"approved step {event.number}", event.reason
        case AbortAsked():
            yield event.who, "asked to go back", event.reason
        case Injected():
            yield event.who, f"injected faults, {event.what}", event.reason
        case Overrode():
            yield f"{event.who} and {event.second}", f"overrode a freeze ({event.mark})", event.reason
        case Frozen():
            until = f" until {words.moment(event.until)}" if event.until is not None else ""
            yield event.who, f"froze releases{until}", event.reason
        case Lifted():
            yield event.who, "lifted the freeze", event.reason
        case _:
            pass
