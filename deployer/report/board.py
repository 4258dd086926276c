"""Where every host is right now, record by record: what the live table shows"""

from __future__ import annotations

from dataclasses import dataclass, field

from deployer.events import Begun, Done, Ended, Failed, GoingBack, Held, Planned, Record
from deployer.plan import Plan
from deployer.progress import StepId
from deployer.report.phrases import DOING, phrase, subject
from deployer.steps import Deploy, Drain, Fetch, Readmit, Step, Verify, hosts_of
from deployer.world import Outcome


@dataclass(slots=True)
class Row:
    """One host: what it is doing, what it runs, what it waits for, and since when (UTC epoch seconds)."""

    host: str
    site: str
    state: str
    release: str | None
    in_service: bool
    waiting: str = ""
    since: float | None = None
    failed: bool = False
    finished: bool = False


@dataclass(slots=True)
class Board:
    rows: dict[str, Row] = field(default_factory=dict)
    total: int = 0
    done: int = 0
    title: str = ""
    back: str = ""
    doing: dict[StepId, str] = field(default_factory=dict)
    asking: dict[StepId, str] = field(default_factory=dict)
    """What steps without hosts wait for, in a few lines."""
    _plans: list[dict[int, Step]] = field(default_factory=list)

    def apply(self, record: Record) -> None:
        match record.event:
            case Planned() as event:
                intent = event.plan.intent
                self.title = f"{subject(intent)}, {intent.strategy}, run {record.run}"
                self._walk(event.plan)
                for seen in event.picture.hosts.values():
                    state = "in service" if seen.in_service else "out of service"
                    self.rows[seen.host] = Row(seen.host, seen.site, state, seen.release, seen.in_service)
            case GoingBack() as event:
                self.back = event.why
                self._walk(event.plan)
            case Begun() as event:
                self._begin((event.line, event.number), record.at)
            case Done() as event:
                self._finish((event.line, event.number), event.outcome)
            case Failed() as event:
                self._fail((event.line, event.number), event)
            case Held() as event:
                for host in event.hosts:
                    self._row(host).state, self._row(host).failed = "held out", True
            case Ended():
                self.doing.clear()
                self.asking.clear()
            case _:
                pass

    def tell(self, step: StepId, line: str) -> None:
        """Of what a step waits for, each host gets the parts that name it; where none is named, all get all."""
        if not hosts_of(self._plans[step[0]][step[1]]):
            self.asking[step] = line
            return
        parts = line.removeprefix("waiting for ").split("; ")
        mine = [self._row(host) for host in hosts_of(self._plans[step[0]][step[1]])]
        named = {row.host: [part for part in parts if row.host in part.replace(":", " ").split()] for row in mine}
        for row in mine:
            row.waiting = "; ".join(named[row.host] if any(named.values()) else parts)

    def _walk(self, plan: Plan) -> None:
        self._plans.append({number: step for number, _, _, step in plan.walk()})
        self.total += len(plan.steps) if len(self._plans) == 1 else 0
        if len(self._plans) > 1:
            self.done, self.total = 0, len(plan.steps)

    def _row(self, host: str) -> Row:
        return self.rows.setdefault(host, Row(host, "", "", None, in_service=False))

    def _begin(self, at: StepId, when: float) -> None:
        step = self._plans[at[0]][at[1]]
        self.doing[at] = phrase(step)
        for host in hosts_of(step):
            row = self._row(host)
            row.state, row.since, row.waiting, row.failed = DOING.get(type(step), ""), when, "", False
            if isinstance(step, Drain):
                row.in_service, row.finished = False, False
            if isinstance(step, Deploy):
                row.release = None

    def _finish(self, at: StepId, outcome: Outcome) -> None:
        step = self._plans[at[0]][at[1]]
        self.doing.pop(at, None)
        self.asking.pop(at, None)
        self.done += 1
        failed = {host.host: host.note for host in outcome.failed}
        for host in hosts_of(step):
            row = self._row(host)
            row.waiting, row.since = "", None
            if host in failed:
                row.state, row.waiting, row.failed = f"{row.state} failed", failed[host], True
            else:
                _became(row, step)

    def _fail(self, at: StepId, event: Failed) -> None:
        step = self._plans[at[0]][at[1]]
        self.doing.pop(at, None)
        self.asking.pop(at, None)
        blamed = {host.host: host.note for host in event.outcome.failed} if event.outcome else {}
        for host in hosts_of(step):
            row = self._row(host)
            row.since = None
            if not blamed or host in blamed:
                row.state, row.waiting, row.failed = f"{row.state} failed", blamed.get(host) or event.what, True


def _became(row: Row, step: Step) -> None:
    match step:
        case Fetch():
            row.state = "in service" if row.in_service else "out of service"
        case Drain():
            row.state = "drained"
        case Deploy():
            row.state, row.release = "deployed", step.release.version
        case Verify():
            row.state, row.release = "verified", step.release.version
        case Readmit():
            row.state, row.in_service, row.finished = "in service", True, True
        case _:
            pass
