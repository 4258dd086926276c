"""A world in memory: sites, balancers and hosts that fail on order, and a history of what happened to them"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from threading import RLock

from deployer.errors import DeployerError, Overtaken, StepFailed, Unreachable
from deployer.events import SERVICE, Event, Frozen, Lifted, Record
from deployer.model import HostSeen, Picture, Split, Standing, Verdict, View
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Step, Verify, hosts_of, verb
from deployer.world import HostOutcome, Order, Outcome, Running, TrafficSeen, World

EVER = 10**9


class Crash(BaseException):
    """kill -9: nothing of ours runs any more."""


@dataclass(slots=True)
class Host:
    name: str
    site: str
    running: str | None = "1.0"
    link: str = "1.0"
    healthy: bool = True
    file: bool = True
    alive: bool = True
    slot: str = ""
    fetched: set[str] = field(default_factory=lambda: {"1.0"})
    late: int = 0
    """So many looks more the balancers still show it in service, although its health file is away."""

    @property
    def in_service(self) -> bool:
        return self.file and self.healthy and self.alive

    def standing(self) -> Standing:
        if not self.alive or (self.file and not self.healthy):
            return Standing.DOWN
        return Standing.UP if self.file or self.late else Standing.OUT


@dataclass(slots=True)
class Fault:
    """What goes wrong with a verb: nothing done (`before`), done but reported failed (`after`), link switched but not
    restarted (`half`), health file gone but the balancers slow (`late`), or only some `hosts` fail (`hosts`, `acted`:
    they did it all the same).
    """

    verb: str
    kind: str = "before"
    hosts: frozenset[str] = frozenset()
    line: int | None = None
    times: int = EVER
    acted: bool = False
    step: str = ""
    """Only in this step, as "0-12"."""

    def hits(self, step: Step, order: Order) -> bool:
        line = int(order.step.split("-")[0])
        return (
            self.times > 0
            and self.verb == verb(step)
            and self.line in (None, line)
            and self.step in ("", order.step)
            and (not self.hosts or bool(self.hosts & set(hosts_of(step))))
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened to one host: "out", "in", "deploy", "verified", or "foreign" (somebody else's doing)."""

    what: str
    host: str = ""
    release: str = ""
    serves: bool = False
    """Whether the host is in service after it."""


@dataclass(slots=True)
class Memory:
    """The outside world. `split` is what users are sent by, `bad` which release does not run on which host."""

    hosts: dict[str, Host]
    balancers: tuple[str, ...] = ("lb1", "lb2")
    silent: set[str] = field(default_factory=set)
    """Balancers, as "dc1/lb2", that do not answer."""
    bad: set[tuple[str, str]] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    verdicts: dict[str, list[Verdict]] = field(default_factory=dict)
    alarm: str = ""
    """What the gate says between two questions, once."""
    splits: dict[str, Split] = field(default_factory=dict)
    history: list[Moment] = field(default_factory=list)
    acts: list[tuple[str, str]] = field(default_factory=list)
    """(step of the order, verb) of every act, in order."""
    raising: bool = False
    """A dead host makes the whole verb raise, as a driver does that cannot reach a machine."""
    prepared: set[str] = field(default_factory=set)
    settled: list[str] = field(default_factory=list)
    on_act: Callable[[int, Step, Order], None] = lambda _n, _step, _order: None
    on_look: Callable[[], None] = lambda: None
    blind: int = 0
    """So many looks more fail altogether."""
    time: float = 1_000_000.0
    lock: RLock = field(default_factory=RLock)

    def world(self) -> World:
        return World(_Traffic(self), _Fleet(self), _Probe(self), _Gates(self), _Clock(self), _Eyes(self))

    def start(self) -> dict[str, tuple[str | None, str, bool]]:
        """What undo must bring back: running release, link, in service."""
        return {host.name: (host.running, host.link, host.in_service) for host in self.hosts.values()}

    def note(self, what: str, host: Host, release: str = "") -> None:
        self.history.append(Moment(what, host.name, release, host.in_service))

    def die(self, name: str) -> None:
        host = self.hosts[name]
        host.alive, host.running = False, None
        self.note("foreign", host)

    def put_back(self, name: str) -> None:
        host = self.hosts[name]
        host.file = True
        self.note("foreign", host)

    def act(self, step: Step, order: Order, change: Callable[[Host], str]) -> Outcome:
        """Do it to every host; `change` returns a complaint, "" when all is well."""
        with self.lock:
            self.acts.append((order.step, verb(step)))
            self.time += 1
            count = len(self.acts)
        self.on_act(count, step, order)
        with self.lock:
            fault = next((fault for fault in self.faults if fault.hits(step, order)), None)
            if fault is not None:
                fault.times -= 1
                return self._amiss(fault, step, change)
            return Outcome(hosts=tuple(self._one(self.hosts[name], change) for name in hosts_of(step)))

    def _amiss(self, fault: Fault, step: Step, change: Callable[[Host], str]) -> Outcome:
        if fault.kind == "hosts":
            return Outcome(hosts=tuple(self._some(fault, self.hosts[name], change) for name in hosts_of(step)))
        for name in hosts_of(step):
            host = self.hosts[name]
            if fault.kind == "half" and isinstance(step, Deploy):
                host.link = step.release.version
            elif fault.kind == "late":
                if host.in_service:
                    host.late = 4
                change(host)
            elif fault.kind == "after":
                change(host)
        raise StepFailed(f"{verb(step)} broke {fault.kind} acting", where=", ".join(hosts_of(step)))

    def _some(self, fault: Fault, host: Host, change: Callable[[Host], str]) -> HostOutcome:
        if host.name not in fault.hosts:
            return self._one(host, change)
        if fault.acted:
            change(host)
        return HostOutcome(host.name, ok=False, note=f"{fault.verb} broke")

    def _one(self, host: Host, change: Callable[[Host], str]) -> HostOutcome:
        if self.raising and not host.alive:
            raise Unreachable("does not answer", where=host.name)
        complaint = change(host) if host.alive else "does not answer"
        return HostOutcome(host.name, ok=not complaint, note=complaint, seconds=1.0)

    def picture(self, sites: Iterable[str], probed: Iterable[str]) -> Picture:
        with self.lock:
            self.on_look()
            if self.blind:
                self.blind -= 1
                raise Unreachable("nobody answers", where="dc1")
            wanted, asked = set(sites), set(probed)
            views = {site: [name for name in self.balancers if f"{site}/{name}" in self.silent] for site in wanted}
            hosts = {}
            for host in self.hosts.values():
                if host.site in wanted:
                    hosts[host.name] = self._seen(host, views[host.site], host.name in asked)
                    host.late -= host.late > 0
            return Picture(hosts, dict(self.splits), {site: self._halves(site) for site in wanted})

    def _halves(self, site: str) -> tuple[tuple[str, str], ...]:
        """Which of the releases that the site's users may be on lives in which half."""
        known = dict(self.splits[site].shares) if site in self.splits else {}
        found = {
            host.slot: host.running
            for host in self.hosts.values()
            if host.site == site and host.in_service and host.running in known
        }
        return tuple(sorted((slot, release) for slot, release in found.items() if slot and release))

    def _seen(self, host: Host, silent: Sequence[str], probed: bool) -> HostSeen:
        standing = host.standing()
        slot = host.slot if standing is Standing.UP else ""
        views = _views(self.balancers, tuple(silent), standing.value, slot)
        own = host.running if probed and host.alive else None
        return HostSeen(host.name, host.site, own, host.healthy if probed and host.alive else None, views)

    def answering(self, site: str) -> None:
        silent = [name for name in self.silent if name.startswith(f"{site}/")]
        if silent:
            raise Unreachable("does not answer", where=silent[0])


@cache
def _views(balancers: tuple[str, ...], silent: tuple[str, ...], standing: str, slot: str) -> tuple[View, ...]:
    return tuple(View(name, Standing.UNKNOWN if name in silent else Standing(standing), slot) for name in balancers)


@dataclass(slots=True)
class _Traffic:
    memory: Memory

    def look(self, sites: Sequence[str]) -> TrafficSeen:
        picture = self.memory.picture(sites, ())
        return TrafficSeen({name: seen.views for name, seen in picture.hosts.items()}, picture.splits, {})

    def drain(self, step: Drain, order: Order) -> Outcome:
        def change(host: Host) -> str:
            host.file = False
            self.memory.note("out", host)
            return ""

        outcome = self.memory.act(step, order, change)
        self.memory.answering(step.site)
        return outcome

    def readmit(self, step: Readmit, order: Order) -> Outcome:
        live = step.slot or self.memory.picture((step.site,), ()).live(step.site)

        def change(host: Host) -> str:
            host.file, host.late, host.slot = True, 0, live or host.slot
            self.memory.note("in", host, host.running or "")
            return "" if host.in_service else "no balancer shows it up"

        outcome = self.memory.act(step, order, change)
        self.memory.answering(step.site)
        return outcome

    def shift(self, step: Shift, order: Order) -> Outcome:
        self.memory.act(step, order, lambda _: "")
        self.memory.splits[step.scope] = step.split
        return Outcome()


@dataclass(slots=True)
class _Fleet:
    memory: Memory

    def prepare(self, step: Deploy, order: Order) -> None:
        self.memory.prepared.add(order.step)

    def forget(self, order: Order) -> None:
        self.memory.prepared.remove(order.step)

    def fetch(self, step: Fetch, order: Order) -> Outcome:
        def change(host: Host) -> str:
            host.fetched.add(step.release.version)
            return ""

        return self.memory.act(step, order, change)

    def deploy(self, step: Deploy, order: Order) -> Outcome:
        self.memory.prepared.discard(order.step)

        def change(host: Host) -> str:
            if step.release.version not in host.fetched:
                return f"{step.release.version} does not lie there"
            host.link = host.running = step.release.version
            host.healthy = (host.name, host.running) not in self.memory.bad
            self.memory.note("deploy", host, host.running)
            return ""

        return self.memory.act(step, order, change)

    def settle(self, run: str) -> None:
        self.memory.settled.append(run)
        self.memory.prepared.clear()


@dataclass(slots=True)
class _Probe:
    memory: Memory

    def look(self, hosts: Sequence[str]) -> Mapping[str, Running]:
        found = self.memory.hosts
        return {
            name: Running(name, found[name].link, found[name].running, found[name].healthy)
            if found[name].alive
            else Running(name, note="does not answer")
            for name in hosts
        }

    def verify(self, step: Verify, order: Order) -> Outcome:
        def change(host: Host) -> str:
            if not host.healthy:
                return "not healthy"
            if host.running != step.release.version:
                return f"answers with {host.running}"
            self.memory.note("verified", host, step.release.version)
            return ""

        return self.memory.act(step, order, change)


@dataclass(slots=True)
class _Gates:
    memory: Memory

    def ask(self, step: Ask, order: Order) -> Outcome:
        self.memory.act(step, order, lambda _: "")
        left = self.memory.verdicts.get(step.gate, [])
        verdict = left.pop(0) if left else Verdict.PASS
        return Outcome(f"it says {verdict.value}", verdict=verdict)

    def between(self, order: Order) -> Outcome | None:
        if not (self.memory.alarm and order.past().passed):
            return None
        alarm, self.memory.alarm = self.memory.alarm, ""
        return Outcome(alarm, verdict=Verdict.FAIL)


@dataclass(slots=True)
class _Clock:
    memory: Memory

    def now(self) -> float:
        return self.memory.time

    def monotonic(self) -> float:
        return self.memory.time

    def sleep(self, seconds: float) -> None:
        self.memory.time += seconds


@dataclass(slots=True)
class _Eyes:
    memory: Memory

    def look(self) -> Picture:
        hosts = self.memory.hosts.values()
        return self.memory.picture({host.site for host in hosts}, [host.name for host in hosts])

    def glance(self, site: str, hosts: Sequence[str]) -> Picture:
        return self.memory.picture((site,), hosts)


@dataclass(slots=True)
class MemoryJournal:
    """Records in a list; dies before or after its n-th write when told so."""

    records: list[Record] = field(default_factory=list)
    epoch: int = 1
    writes: int = 0
    crash: tuple[int, str] | None = None
    """(n, "before" or "after")"""
    dead: bool = False
    on_write: Callable[[int], None] = lambda _n: None
    unread: bool = False
    """Reading fails, as when the database restarts."""
    lock: RLock = field(default_factory=RLock)
    now: Callable[[], float] | None = None
    """None: a second for each record."""

    def append(self, run: str, *events: Event, epoch: int | None) -> Sequence[Record]:
        with self.lock:
            self._alive()
            if epoch is not None and epoch < self.epoch:
                raise Overtaken(f"epoch {self.epoch} took over", where=run)
            self.writes += 1
            self.on_write(self.writes)
            if self.crash == (self.writes, "before"):
                self._die()
            first = len(self.records) + 1
            at = self.now() if self.now else 1_000_000.0 + first
            new = [Record(seq, run, at, event) for seq, event in enumerate(events, first)]
            self.records += new
            if self.crash == (self.writes, "after"):
                self._die()
            return new

    def events(self, run: str) -> Sequence[Record]:
        return [record for record in self.records if record.run == run]

    def since(self, run: str, seq: int) -> Sequence[Record]:
        self._alive()
        if self.unread:
            raise DeployerError("the store does not answer")
        return [record for record in self.records[seq:] if record.run in (run, SERVICE)]

    def quiet(self) -> bool:
        return False

    def word(self) -> Record | None:
        return next((one for one in reversed(self.records) if isinstance(one.event, Frozen | Lifted)), None)

    def _die(self) -> None:
        self.dead = True
        raise Crash

    def _alive(self) -> None:
        if self.dead:
            raise Crash


def violations(start: Memory, history: Iterable[Moment], floor: Mapping[str, int]) -> list[str]:
    """Where the history broke a rule, replayed from the world as it was; empty when it never did."""
    serving = {host.name for host in start.hosts.values() if host.in_service}
    site = {host.name: host.site for host in start.hosts.values()}
    up = {name: sum(site[host] == name for host in serving) for name in set(site.values())}
    verified: dict[str, str] = {}
    found = []
    for n, moment in enumerate(history):
        host, was = moment.host, moment.host in serving
        where = site[host]
        up[where] += moment.serves - was
        (serving.add if moment.serves else serving.discard)(host)
        match moment.what:
            case "deploy":
                if was:
                    found.append(f"rule 1: moment {n} deployed to {host} in service")
                verified.pop(host, None)
            case "verified":
                verified[host] = moment.release
            case "in":
                if not was and moment.serves and verified.get(host) != moment.release:
                    found.append(f"rule 2: moment {n} readmitted {host} with {moment.release}, not verified")
            case "out":
                verified.pop(host, None)
                if was and up[where] < max(1, floor.get(where, 1)):
                    found.append(f"rule 4: moment {n} left {up[where]} of {where} in service")
    return found
