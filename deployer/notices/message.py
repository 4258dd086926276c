"""What is worth telling of a run, record by record: what happens, and the next command to type"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deployer.events import (
    Approved,
    Begun,
    Done,
    End,
    Ended,
    GoingBack,
    Held,
    OnHold,
    Planned,
    Record,
    Taken,
    Undecided,
)
from deployer.model import NO_RELEASE
from deployer.plan import Plan
from deployer.progress import Progress, StepId
from deployer.report import words
from deployer.report.account import Account, account
from deployer.report.phrases import ENDINGS, subject
from deployer.report.text import next_commands
from deployer.steps import Drain, Readmit, Shift, Step

ENDED: Mapping[End, str] = {
    End.DONE: "done",
    End.PUT_BACK: "put-back",
    End.HALF_WAY: "half-way",
    End.STOPPED: "stopped",
    End.SUSPENDED: "suspended",
}
URGENT = frozenset({"waiting", "on-hold", "drained", "readmitted", *ENDED.values()})
"""Sent however many there are."""
PEOPLE = frozenset({"started", "resumed", "waiting", "on-hold", "approved", "held", "back", *ENDED.values()})
USUAL: Mapping[str, frozenset[str]] = {
    "slack": PEOPLE,
    "webhook": PEOPLE | {"shifted", "drained", "readmitted"},
    "smtp": frozenset({"waiting", "on-hold", "held", *ENDED.values()}),
    "grafana": frozenset({"started", "shifted", "back", *ENDED.values()}),
    "alertmanager": frozenset({"drained", "readmitted"}),
}


@dataclass(frozen=True, slots=True)
class Message:
    """`title` says it in a line, `text` adds why; `next` are commands to type; `at` is in UTC epoch seconds."""

    event: str
    service: str
    run: str
    release: str
    strategy: str
    at: float
    title: str
    text: str = ""
    next: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    @property
    def urgent(self) -> bool:
        return self.event in URGENT

    @property
    def whole(self) -> str:
        return "\n".join((self.title, *filter(None, (self.text,)), *(f"next: {command}" for command in self.next)))


class Teller:
    """Takes the records of one run in order; `inventory` is how the operator named it, for commands to copy."""

    def __init__(self, inventory: str) -> None:
        self._inventory = inventory
        self._records: list[Record] = []
        self._progress = Progress()
        self._taken = False

    def messages(self, record: Record) -> tuple[Message, ...]:
        self._records.append(record)
        self._progress.apply(record)
        return tuple(self._told(record))

    def _told(self, record: Record) -> Iterator[Message]:  # noqa: C901 - one arm per kind of record
        match record.event:
            case Planned() as one:
                yield self._one("started", f"{_aim(one.plan)}, by {one.owner}", one.reason, (self._watch,))
            case Taken() as one:
                if self._taken:
                    yield self._one("resumed", f"goes on, by {one.owner}", "", (self._watch,))
                self._taken = True
            case Begun() as one if isinstance(step := self._step((one.line, one.number)), Drain):
                yield self._one("drained", f"{words.hosts(step.hosts)} leaves the pool", hosts=step.hosts)
            case Done() as one:
                yield from self._done(self._step((one.line, one.number)))
            case Undecided() as one:
                yield self._one("waiting", "waits for a person", one.outcome.note, self._answers)
            case OnHold() as one:
                yield self._one("on-hold", "waits for the end of a freeze", one.why, (f"deployer freeze{self._on}",))
            case Approved() as one:
                yield self._one("approved", f"step {one.number} was approved by {one.who}", one.reason)
            case Held() as one:
                said = f"{words.hosts(one.hosts)} held out of the pool, the run goes on without"
                yield self._one("held", said, one.why, (f"deployer show {record.run}{self._on}",), one.hosts)
            case GoingBack() as one:
                yield self._one("back", "goes back to what was before", one.why, (self._watch,))
            case Ended() as one if one.end in ENDED:
                yield self._ended(one)
            case _:
                pass

    def _done(self, step: Step) -> Iterator[Message]:
        if isinstance(step, Shift):
            scope = "users by site" if step.scope == "edge" else f"users at {step.scope}"
            yield self._one("shifted", f"{scope}: {step.split}")
        elif isinstance(step, Readmit):
            yield self._one("readmitted", f"{words.hosts(step.hosts)} is back in the pool", hosts=step.hosts)

    def _ended(self, ended: Ended) -> Message:
        read = account(self._records)
        text = "; ".join(dict.fromkeys(filter(None, (*_failures(read), ended.note, _cost(read)))))
        return self._one(ENDED[ended.end], ENDINGS[ended.end], text, next_commands(read, self._inventory))

    def _one(
        self, event: str, title: str, text: str = "", then: tuple[str, ...] = (), hosts: tuple[str, ...] = ()
    ) -> Message:
        intent = self._progress.plan.intent
        said = words.one_line(f"{subject(intent)} ({intent.strategy}): {title}")
        release, run, at = intent.release.version, self._progress.run, self._progress.changed
        return Message(
            event, intent.service, run, release, intent.strategy, at, said, words.one_line(text), then, hosts
        )

    def _step(self, step_id: StepId) -> Step:
        return self._progress.lines[step_id[0]].steps[step_id[1] - 1]

    @property
    def _on(self) -> str:
        return f" -i {self._inventory}" if self._inventory else ""

    @property
    def _watch(self) -> str:
        return f"deployer status --watch{self._on}"

    @property
    def _answers(self) -> tuple[str, ...]:
        run = self._progress.run
        return f"deployer approve {run} --reason WHY{self._on}", f"deployer abort {run} --reason WHY{self._on}"


def _aim(plan: Plan) -> str:
    """`to dc1, dc2`; of an act on shares what is done first."""
    if plan.intent.release == NO_RELEASE and plan.legs:
        return plan.legs[0].name
    return f"to {', '.join(plan.intent.sites)}"


def _failures(read: Account) -> Iterator[str]:
    for step in read.failures:
        yield f"{step.text}: {step.where}: {step.note}" if step.where else f"{step.text}: {step.note}"


def _cost(read: Account) -> str:
    bad, total = (sum(one.failed[part] for one in read.verdicts) for part in (0, 1))
    users = f", {bad:,} of {total:,} requests to it failed while it was judged" if bad else ""
    return f"took {words.duration(read.seconds)}{users}"
