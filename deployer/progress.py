"""How far a run is: a fold over its records, and nothing else"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from deployer.errors import UsageError
from deployer.events import (
    SERVICE,
    AbortAsked,
    Approved,
    Begun,
    Called,
    Done,
    End,
    Ended,
    Event,
    Failed,
    Frozen,
    GoingBack,
    Held,
    Injected,
    Lifted,
    LockBroken,
    Looked,
    OnHold,
    Overrode,
    Planned,
    Record,
    Taken,
    Undecided,
)
from deployer.model import Picture
from deployer.plan import Plan
from deployer.steps import Ask
from deployer.world import Look, Outcome

StepId = tuple[int, int]
"""(line, number): line 0 is the plan, 1.. the ways back; steps are numbered from 1."""
_ON = "deployer status; where nobody is at work, deployer resume goes on"


@dataclass(slots=True)
class Progress:
    """What the journal says of one run. `apply` takes its records in order."""

    run: str = ""
    starter: str = ""
    """Who began it; `owner` took it up last."""
    owner: str = ""
    reason: str = ""
    epoch: int = 0
    started: float = 0.0
    changed: float = 0.0
    picture: Picture | None = None
    foretold: float | None = None
    lines: list[Plan] = field(default_factory=list)
    why_back: str = ""
    lost: tuple[str, ...] = ()
    begun: dict[StepId, Begun] = field(default_factory=dict)
    done: dict[StepId, Done] = field(default_factory=dict)
    failed: dict[StepId, Failed] = field(default_factory=dict)
    started_at: dict[StepId, float] = field(default_factory=dict)
    ended_at: dict[StepId, float] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """Hosts that the line being walked goes on without, and why."""
    abort: AbortAsked | None = None
    injected: Injected | None = None
    bound: bool = False
    """A freeze holds it."""
    on_hold: OnHold | None = None
    """What it waits for before its next step."""
    overrode: dict[str, Overrode] = field(default_factory=dict)
    approved: dict[StepId, Approved] = field(default_factory=dict)
    asked_at: dict[StepId, float] = field(default_factory=dict)
    """Since when a gate without a verdict waits for a person."""
    looks: dict[StepId, list[Look]] = field(default_factory=dict)
    answers: dict[StepId, Outcome] = field(default_factory=dict)
    """What a gate said last, also while it has no verdict."""
    end: Ended | None = None

    @property
    def line(self) -> int:
        """Which plan is being walked now."""
        return len(self.lines) - 1

    @property
    def plan(self) -> Plan:
        """What was wanted (line 0)."""
        return self.lines[0]

    @property
    def walking(self) -> Plan:
        return self.lines[-1]

    @property
    def walked(self) -> bool:
        """The plan being walked is done to its last step."""
        return all((self.line, number) in self.done for number, *_ in self.walking.walk())

    @property
    def in_doubt(self) -> tuple[StepId, ...]:
        """Begun and neither done nor failed: the world must be looked at again."""
        return tuple(step for step in self.begun if step not in self.done and step not in self.failed)

    def apply(self, record: Record) -> None:
        if record.run == SERVICE:  # says nothing of one run
            return
        self.run = record.run
        if not isinstance(record.event, Called):  # a hook is called beside the run, also after it
            self.changed = record.at
        self._take(record.event, record.at)

    def _take(self, event: Event, at: float) -> None:  # noqa: C901, PLR0912, PLR0915 - one arm per kind of record
        match event:
            case Planned():
                self.starter = self.owner = event.owner
                self.reason, self.started = event.reason, at
                self.picture, self.foretold, self.bound = event.picture, event.foretold, event.bound
                self.lines = [event.plan]
            case Taken():
                if self.end is not None:  # somebody wants another try; without an end the failure still decides
                    self.failed.clear()
                self.owner, self.epoch, self.end = event.owner, event.epoch, None
            case Begun():
                step, self.on_hold = (event.line, event.number), None
                self.begun.setdefault(step, event)  # a repeated step keeps its first picture
                self.started_at.setdefault(step, at)
                self.failed.pop(step, None)
                self.done.pop(step, None)
            case Done():
                step = (event.line, event.number)
                self.done[step], self.ended_at[step] = event, at
                self._answered(step, event.outcome)
            case Failed():
                step = (event.line, event.number)
                self.failed[step], self.ended_at[step] = event, at
                self.done.pop(step, None)
                self._answered(step, event.outcome)
            case Looked():
                self.looks.setdefault((event.line, event.number), []).append(event.look)
            case Undecided():
                self.asked_at.setdefault((event.line, event.number), at)
                self._answered((event.line, event.number), event.outcome)
            case Held():
                self.held.update(dict.fromkeys(event.hosts, event.why))
                self.left_out.update(dict.fromkeys(event.hosts, event.why))
            case AbortAsked():
                self.abort = event
            case Approved():
                self.approved.setdefault((event.line, event.number), event)  # the first answer counts
            case GoingBack():
                self.lines.append(event.plan)
                self.why_back, self.lost = event.why, event.lost
                self.left_out, self.abort, self.on_hold = {}, None, None
            case Injected():
                self.injected = event
            case OnHold():
                self.on_hold = event
            case Overrode():
                self.overrode[event.mark] = event
            case Frozen() | Lifted() | LockBroken():
                pass
            case Ended():
                self.end = event

    def _answered(self, step: StepId, outcome: Outcome | None) -> None:
        if outcome is not None and outcome.verdict is not None:
            self.answers[step] = outcome


@dataclass(frozen=True, slots=True)
class Waits:
    """The gate a run waits at: `number` of plan `line`, and what it is about."""

    line: int
    number: int
    about: str


def waiting_at(progress: Progress, *, at_work: bool = False) -> Waits:
    """The gate a run waits at, or, while its orchestrator is `at_work`, asks just now.

    Raises UsageError when there is none.
    """
    waits = at_work or (progress.end is not None and progress.end.end is End.WAITING)
    for line, number in progress.in_doubt:
        if line != progress.line:  # what it went back from is asked no more
            continue
        step = progress.lines[line].numbered[number]
        if approved := progress.approved.get((line, number)):
            raise UsageError(f"{approved.who} has answered already", where=f"run {progress.run}", remedy=_ON)
        if isinstance(step, Ask) and waits:
            return Waits(line, number, step.about or step.gate)
    ended = progress.end.end.value if progress.end else "not ended"
    raise UsageError(f"run {progress.run} waits at no gate: {ended}", remedy=f"deployer show {progress.run}")


def refuse_another(gate: Waits, answer: Approved) -> None:
    """Raises UsageError when somebody answers what is not asked any more."""
    if (gate.line, gate.number) != (answer.line, answer.number):
        raise UsageError(
            f"step {answer.number} is not asked any more; now it is {gate.about}", remedy="look again: deployer status"
        )


def fold(records: Iterable[Record]) -> Progress:
    progress = Progress()
    for record in records:
        progress.apply(record)
    return progress
