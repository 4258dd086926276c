"""What people did: who, when, what and why, read from records"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deployer.events import (
    AbortAsked,
    Approved,
    Event,
    Frozen,
    Injected,
    Lifted,
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
    for record in records:
        for who, what, why in _said(record.event):
            yield Act(record.seq, record.at, record.run, who, what, why)


def act_line(act: Act) -> str:
    """`12:00:01  bob (jenkins@agent1) approved step 5: CHG-1`"""
    why = f": {words.one_line(act.why)}" if act.why else ""
    return f"{words.time_of_day(act.at)}  {words.one_line(act.who)} {words.one_line(act.what)}{why}"


def _said(event: Event) -> Iterator[tuple[str, str, str]]:
    match event:
        case Planned():
            yield event.owner, f"began {event.plan.intent.strategy}, {subject(event.plan.intent)}", event.reason
        case Taken():
            yield event.owner, f"took the lock, epoch {event.epoch}", ""
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
