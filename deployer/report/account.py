"""What a run did, as values: read from its records, shown by text, JSON, JUnit and HTML"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from deployer.errors import HalfWay
from deployer.events import Begun, Done, Ended, Event, Failed, GoingBack, Held, Planned, Record
from deployer.model import Intent, Release, Split
from deployer.plan import Stage
from deployer.progress import Progress, StepId
from deployer.report.course import NO_COURSE, Course, course
from deployer.report.phrases import phrase
from deployer.report.verdicts import VerdictAccount, verdicts
from deployer.steps import Deploy, Drain, Fetch, Readmit, Step, hosts_of
from deployer.world import Outcome


class State(Enum):
    DONE = "done"
    FAILED = "failed"
    UNDER_WAY = "under way"
    IN_DOUBT = "in doubt"  # begun, and the journal does not say how it ended; nobody is at work on it
    NOT_BEGUN = "not begun"


BEGUN = (State.UNDER_WAY, State.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class StepAccount:
    """One step of plan `line` (0 what was wanted, 1.. the ways back); times are UTC epoch seconds."""

    line: int
    number: int
    leg: str
    stage: str
    site: str
    text: str
    verb: str
    hosts: tuple[str, ...]
    state: State
    began: float | None = None
    ended: float | None = None
    note: str = ""
    where: str = ""
    remedy: str = ""

    @property
    def seconds(self) -> float:
        return self.ended - self.began if self.began is not None and self.ended is not None else 0.0


@dataclass(frozen=True, slots=True)
class HostAccount:
    """Where a host stands by the journal; `release` None: not known. `out_seconds` sums its times out of the pool."""

    host: str
    site: str
    before: str | None
    release: str | None
    in_service: bool
    out_seconds: float | None = None
    held: str = ""


@dataclass(frozen=True, slots=True)
class SiteAccount:
    """`lowest` is the least number of hosts in service, a host counted out from the moment its drain began."""

    site: str
    hosts: int
    in_service: int
    lowest: int
    floor: int


@dataclass(frozen=True, slots=True)
class Account:
    run: str
    owner: str
    reason: str
    intent: Intent
    started: float
    changed: float
    end: Ended | None
    why_back: str
    steps: tuple[StepAccount, ...]
    hosts: tuple[HostAccount, ...]
    sites: tuple[SiteAccount, ...]
    foretold: float | None = None
    verdicts: tuple[VerdictAccount, ...] = ()
    course: Course = NO_COURSE
    releases: tuple[Release, ...] = ()
    """All that its plans name and whose digest is known."""
    on_hold: str = ""
    """Why it waits before its next step, while it does."""
    at_work: bool | None = None
    """Whether somebody holds the lock for it; None: not looked up."""

    @property
    def seconds(self) -> float:
        return max(0.0, self.changed - self.started)

    @property
    def shares(self) -> tuple[tuple[str, Split], ...]:
        """Of each site, and of the edge, whose split was changed: what it is now."""
        return tuple((track.scope, track.points[-1][1]) for track in self.course.tracks if len(track.points) > 1)

    @property
    def working(self) -> float:
        """Seconds that were neither a gate's nor a person's."""
        return max(0.0, self.seconds - self.course.watching - self.course.waiting)

    @property
    def failures(self) -> tuple[StepAccount, ...]:
        return tuple(step for step in self.steps if step.state is State.FAILED)

    @property
    def out_of_pool(self) -> tuple[tuple[str, float], ...]:
        return tuple((host.host, host.out_seconds) for host in self.hosts if host.out_seconds is not None)

    @property
    def done(self) -> int:
        return sum(step.state is State.DONE for step in self.steps)


@dataclass(slots=True)
class _Ledger:
    """Who was in service and what each host ran, record by record."""

    site: dict[str, str] = field(default_factory=dict)
    release: dict[str, str | None] = field(default_factory=dict)
    serving: set[str] = field(default_factory=set)
    left_at: dict[str, float] = field(default_factory=dict)
    out: dict[str, float] = field(default_factory=dict)
    lowest: dict[str, int] = field(default_factory=dict)
    began: dict[StepId, float] = field(default_factory=dict)
    failed: dict[StepId, tuple[float, Failed]] = field(default_factory=dict)
    plans: list[dict[int, Step]] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)

    def apply(self, event: Event, at: float) -> None:
        match event:
            case Planned():
                for seen in event.picture.hosts.values():
                    self.site[seen.host], self.release[seen.host] = seen.site, seen.release
                    if seen.in_service:
                        self.serving.add(seen.host)
                self.lowest = {site: self._up(site) for site in self.site.values()}
                self.plans = [event.plan.numbered]
            case GoingBack():
                self.plans.append(event.plan.numbered)
                self.left_out.clear()
            case Held():
                self.left_out.update(event.hosts)
            case Begun():
                self._begin((event.line, event.number), at)
            case Done():
                self._finish((event.line, event.number), event.outcome, at, whole=True)
            case Failed():
                self.failed[(event.line, event.number)] = at, event
                self._finish((event.line, event.number), event.outcome or Outcome(), at, whole=False)
            case _:
                pass

    def _begin(self, step_id: StepId, at: float) -> None:
        step = self.plans[step_id[0]][step_id[1]]
        self.began[step_id] = at
        hosts = [host for host in hosts_of(step) if host not in self.left_out]
        if isinstance(step, Drain):
            self.serving.difference_update(hosts)
            self.lowest[step.site] = min(self.lowest.get(step.site, 0), self._up(step.site))
        if isinstance(step, Deploy):
            self.release.update(dict.fromkeys(hosts))

    def _finish(self, step_id: StepId, outcome: Outcome, at: float, *, whole: bool) -> None:
        """Hosts the outcome does not mention share the fate of the step as a whole; those left out have none in it."""
        step = self.plans[step_id[0]][step_id[1]]
        said = {host.host: host for host in outcome.hosts}
        for host in hosts_of(step):
            if host in self.left_out or not (said[host].ok if host in said else whole):
                continue
            took = said[host].seconds if host in said else 0.0
            self._became(step, host, min(at, self.began.get(step_id, at) + took) if took else at)

    def _became(self, step: Step, host: str, when: float) -> None:
        match step:
            case Drain():
                self.left_at.setdefault(host, when)
            case Deploy():
                self.release[host] = step.release.version
            case Readmit():
                self.serving.add(host)
                if host in self.left_at:
                    self.out[host] = self.out.get(host, 0.0) + max(0.0, when - self.left_at.pop(host))
            case _:
                pass

    def _up(self, site: str) -> int:
        return sum(self.site.get(host) == site for host in self.serving)


def account(records: Sequence[Record], *, at_work: bool | None = None) -> Account:
    """The reading of one run's records, in order, whole or so far.

    Raises:
        HalfWay: there is no first record to read from.
    """
    progress, ledger = Progress(), _Ledger()
    for record in records:
        progress.apply(record)
        ledger.apply(record.event, record.at)
    if not progress.lines or progress.picture is None:
        raise HalfWay("the journal holds no plan for this run", remedy="deployer history")
    return Account(
        run=progress.run,
        owner=progress.starter,
        reason=progress.reason,
        intent=progress.plan.intent,
        started=progress.started,
        changed=progress.changed,
        end=progress.end,
        why_back=progress.why_back,
        steps=tuple(_steps(progress, ledger, State.UNDER_WAY if at_work else State.IN_DOUBT)),
        hosts=tuple(_hosts(progress, ledger)),
        sites=tuple(_sites(progress.plan.intent, ledger)),
        verdicts=tuple(verdicts(progress)),
        foretold=progress.foretold,
        course=course(records),
        releases=tuple(_releases(progress)),
        on_hold=progress.on_hold.why if progress.on_hold else "",
        at_work=at_work,
    )


def _releases(progress: Progress) -> Iterable[Release]:
    named = (step.release for plan in progress.lines for step in plan.steps if isinstance(step, Fetch | Deploy))
    return {release.version: release for release in named if release.sha256}.values()


def _steps(progress: Progress, ledger: _Ledger, begun: State) -> Iterable[StepAccount]:
    for line, plan in enumerate(progress.lines):
        for number, leg, stage, step in plan.walk():
            yield _step(progress, ledger, (line, number), (leg.name, stage, step), begun)


def _step(progress: Progress, ledger: _Ledger, at: StepId, what: tuple[str, Stage, Step], begun: State) -> StepAccount:
    leg, stage, step = what
    ended, note, where, remedy = progress.ended_at.get(at), "", "", ""
    if at in progress.done:
        state, note = State.DONE, progress.done[at].outcome.note
    elif at in ledger.failed:
        ended, failure = ledger.failed[at]
        state, note, where, remedy = State.FAILED, failure.what, failure.where, failure.remedy
    elif at in progress.begun:
        state = begun
    else:
        state = State.NOT_BEGUN
    return StepAccount(
        line=at[0],
        number=at[1],
        leg=leg,
        stage=stage.name,
        site=stage.site,
        text=phrase(step),
        verb=type(step).__name__.lower(),
        hosts=hosts_of(step),
        state=state,
        began=ledger.began.get(at),
        ended=ended,
        note=note,
        where=where,
        remedy=remedy,
    )


def _hosts(progress: Progress, ledger: _Ledger) -> Iterable[HostAccount]:
    picture = progress.picture
    for host, seen in picture.hosts.items() if picture else ():
        yield HostAccount(
            host=host,
            site=seen.site,
            before=seen.release,
            release=ledger.release[host],
            in_service=host in ledger.serving,
            out_seconds=ledger.out.get(host),
            held=progress.held.get(host, ""),
        )


def _sites(intent: Intent, ledger: _Ledger) -> Iterable[SiteAccount]:
    for site in dict.fromkeys(ledger.site.values()):
        members: Sequence[str] = [host for host, at in ledger.site.items() if at == site]
        yield SiteAccount(
            site=site,
            hosts=len(members),
            in_service=sum(host in ledger.serving for host in members),
            lowest=ledger.lowest[site],
            floor=intent.floor.get(site, 0),
        )
