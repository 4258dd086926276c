"""Where every host and every share is right now, record by record: what the live view shows"""

from __future__ import annotations

from dataclasses import dataclass, field

from deployer.events import AbortAsked, Begun, Done, Ended, Failed, GoingBack, Held, Planned, Record, Taken
from deployer.model import Intent, Split
from deployer.plan import Plan, Stage
from deployer.progress import StepId
from deployer.report.log import Log
from deployer.report.phrases import DOING
from deployer.steps import Deploy, Drain, Fetch, Readmit, Shift, Step, Verify, hosts_of
from deployer.world import Outcome

_NEWS = 3
"""So many of the last remarkable happenings are kept."""


@dataclass(slots=True)
class Row:
    """One host: what it is doing, what it runs, and since when (UTC epoch seconds; None: nothing happens to it)."""

    host: str
    site: str
    state: str
    release: str | None
    in_service: bool
    since: float | None = None
    failed: bool = False


@dataclass(slots=True)
class Doing:
    """A step under way since this moment (UTC epoch seconds), and what it last said it waits for."""

    step: Step
    stage: str
    since: float
    told: str = ""


@dataclass(slots=True)
class Board:
    run: str = ""
    intent: Intent | None = None
    started: float = 0.0
    foretold: float | None = None
    rows: dict[str, Row] = field(default_factory=dict)
    splits: dict[str, Split] = field(default_factory=dict)
    total: int = 0
    done: int = 0
    back: str = ""
    """Why it goes back; "" while it goes forward."""
    doing: dict[StepId, Doing] = field(default_factory=dict)
    news: list[str] = field(default_factory=list)
    ended: bool = False
    stopping: bool = False
    """Somebody asked it to go back, and it has not yet begun to."""
    _log: Log = field(default_factory=Log)
    _plans: list[dict[int, tuple[Stage, Step]]] = field(default_factory=list)

    def apply(self, record: Record) -> None:
        self._report(record)
        match record.event:
            case Planned() as event:
                self._plan(event, record)
            case GoingBack() as event:
                self.back, self.stopping = event.why, False
                self._walk(event.plan)
            case AbortAsked():
                self.stopping = True
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
                self.leave()
            case _:
                pass

    def tell(self, step: StepId, line: str) -> None:
        if step in self.doing:
            self.doing[step].told = line.removeprefix("waiting for ")

    def leave(self) -> None:
        """It ended, or nobody looks on: nothing is known to be under way, nor to be typed."""
        self.doing.clear()
        self.ended = True

    def site(self, name: str) -> list[Row]:
        return [row for row in self.rows.values() if row.site == name]

    @property
    def sites(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.site for row in self.rows.values()))

    def _report(self, record: Record) -> None:
        """What a person wants to have seen stays on the screen: no steps that began or went well."""
        lines = self._log.lines(record)
        verdict = isinstance(record.event, Done) and record.event.outcome.verdict is not None
        first = isinstance(record.event, Taken) and not self.done
        if verdict or not (first or isinstance(record.event, Planned | Begun | Done | Ended)):
            self.news = [*self.news, *lines][-_NEWS:]

    def _plan(self, event: Planned, record: Record) -> None:
        self.run, self.intent, self.started, self.foretold = record.run, event.plan.intent, record.at, event.foretold
        self.splits = dict(event.picture.splits)
        self._walk(event.plan)
        for seen in event.picture.hosts.values():
            state = "in service" if seen.in_service else "out of service"
            self.rows[seen.host] = Row(seen.host, seen.site, state, seen.release, seen.in_service)

    def _walk(self, plan: Plan) -> None:
        self._plans.append({number: (stage, step) for number, _, stage, step in plan.walk()})
        self.done, self.total = 0, len(plan.steps)

    def _row(self, host: str) -> Row:
        return self.rows.setdefault(host, Row(host, "", "", None, in_service=False))

    def _begin(self, at: StepId, when: float) -> None:
        stage, step = self._plans[at[0]][at[1]]
        self.doing[at], self.ended = Doing(step, stage.name, when), False
        for host in _touched(step):
            row = self._row(host)
            row.state, row.since, row.failed = DOING.get(type(step), ""), when, False
            if isinstance(step, Drain):
                row.in_service = False
            if isinstance(step, Deploy):
                row.release = None

    def _finish(self, at: StepId, outcome: Outcome) -> None:
        _, step = self._plans[at[0]][at[1]]
        self.doing.pop(at, None)
        self.done += 1
        if isinstance(step, Shift):
            self.splits[step.scope] = step.split
        failed = {host.host for host in outcome.failed}
        for host in _touched(step):
            row = self._row(host)
            row.since = None
            if host in failed:
                row.state, row.failed = _broken(step), True
            else:
                _became(row, step)

    def _fail(self, at: StepId, event: Failed) -> None:
        _, step = self._plans[at[0]][at[1]]
        if self.doing.pop(at, None) is None:  # refused before it began
            return
        blamed = {host.host for host in event.outcome.failed} if event.outcome else set()
        for host in _touched(step):
            row = self._row(host)
            row.since = None
            if not blamed or host in blamed:
                row.state, row.failed = _broken(step), True


def _touched(step: Step) -> tuple[str, ...]:
    """A fetch changes nothing that users notice."""
    return () if isinstance(step, Fetch) else hosts_of(step)


def _broken(step: Step) -> str:
    return f"{DOING.get(type(step), '')} failed"


def _became(row: Row, step: Step) -> None:
    match step:
        case Drain():
            row.state = "drained"
        case Deploy():
            row.state, row.release = "deployed", step.release.version
        case Verify():
            row.state, row.release = "verified", step.release.version
        case Readmit():
            row.state, row.in_service = "in service", True
        case _:
            pass
