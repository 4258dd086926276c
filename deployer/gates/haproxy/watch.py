"""One question watched at the balancers: what each gained since it was opened, put together by group and site"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from deployer.clock import WallClock
from deployer.errors import DeployerError
from deployer.gates.haproxy import counted
from deployer.gates.haproxy.ledger import Ledger, Row, summed
from deployer.gates.judge.data import Counts, Data, Fault, Histogram, Metric, Side
from deployer.gates.source import Group, Question
from deployer.machines import Balancer, Estate
from deployer.ssh import Ssh
from deployer.world import Clock

ERRORS, LATENCY = "error_rate", "latency"
_SURE, _FEW = 0.9, 20
"""So much of what was counted must be logged, beyond a few requests that are under way."""
_MOST_LOST = 0.01


@dataclass(slots=True)
class Watched:
    """One balancer: what it counted, what it logged, and what is wrong with each since the last look."""

    balancer: Balancer
    counted: Ledger = field(default_factory=Ledger)
    logged: Ledger = field(default_factory=Ledger)
    edges: tuple[float, ...] = ()
    lines: int = 0
    lost: int = 0
    faults: list[Fault] = field(default_factory=list)

    def look(self, ssh: Ssh, metrics: tuple[str, ...], linger: float) -> None:
        """Raises nothing: `faults` tells."""
        self.faults = []
        haproxy = self.balancer.kind == "haproxy"
        if haproxy:
            self._count(ssh)
        if LATENCY in metrics or not haproxy:
            self._log(ssh, linger)

    def _count(self, ssh: Ssh) -> None:
        first = self.counted.last is None
        try:
            known = self.counted.add(counted.counters(ssh, self.balancer))
        except DeployerError as wrong:
            self._fault(wrong.what)
        else:
            if not known and not first:
                self._fault(
                    "restarted, reloaded or cleared since the last look: what it counted meanwhile is not known"
                )

    def _log(self, ssh: Ssh, linger: float) -> None:
        first = self.logged.last is None
        about = LATENCY if self.balancer.kind == "haproxy" else ""
        try:
            found = counted.tally(ssh, self.balancer, linger)
        except DeployerError as wrong:
            self._fault(wrong.what, about)
            return
        known = self.logged.add(found.look)
        lost, lines = found.lost - self.lost, found.lines - self.lines
        self.edges, self.lines, self.lost = found.edges, found.lines, found.lost
        if first:
            return
        if not known:
            self._fault("what read its log was ended: what was logged meanwhile is not known", about)
        elif lost > _MOST_LOST * (lines + lost):
            self._fault(f"{lost} of {lines + lost} lines of its log were lost", about)
        elif said := self._silent():
            self._fault(said, about)

    def _silent(self) -> str:
        """Counted, and not logged."""
        answered = sum(row[0] for row in self.counted.gained.values())
        logged = sum(row[0] for row in self.logged.gained.values())
        if logged >= _SURE * answered - _FEW:
            return ""
        return f"logged {logged} of {answered} requests to {self.balancer.log} (balancers.log)"

    def _fault(self, what: str, metric: str = "") -> None:
        self.faults.append(Fault(f"{self.balancer.name}: {what}", self.balancer.site, metric))

    def errors(self) -> Mapping[str, Row]:
        """By server: answers, failed ones."""
        if self.balancer.kind == "haproxy":
            return self.counted.gained
        return {server: row[:2] for server, row in self.logged.gained.items()}

    def times(self) -> Mapping[str, Row]:
        """By server: requests by the server's time."""
        return {server: row[2:] for server, row in self.logged.gained.items()}


@dataclass(slots=True)
class HaproxyWatch:
    question: Question
    estate: Estate
    ssh: Ssh
    clock: Clock = field(default_factory=WallClock)
    linger: float = counted.LINGER
    watched: dict[str, Watched] = field(init=False)
    since: float = field(init=False)

    def __post_init__(self) -> None:
        balancers = [one for site in self.question.sites for one in self.estate.balancers_at(site)]
        self.watched = {one.name: Watched(one) for one in balancers if one.kind != "opaque"}
        self.since = self.clock.now()
        self._look()

    def read(self, until: float) -> Data:  # noqa: ARG002 - counters tell of now
        self._look()
        faults = [fault for one in self.watched.values() for fault in one.faults]
        faults += self._blind()
        baseline, canary = (
            tuple(Side(site, dict(self._metrics(group, site))) for site in self.question.sites)
            for group in (self.question.baseline, self.question.canary)
        )
        return Data(baseline, canary, tuple(faults))

    def close(self) -> None:
        """Far ends end by themselves: another run may listen to them."""

    def _look(self) -> None:
        self.ssh.each(self.watched, lambda name: self.watched[name].look(self.ssh, self.question.metrics, self.linger))

    def _blind(self) -> Iterator[Fault]:
        for site in self.question.sites:
            balancers = self.estate.balancers_at(site)
            for one in balancers:
                if one.kind == "opaque":
                    yield Fault(f"{one.name} is opaque: it counts nothing that can be asked for", site)
            if not balancers:
                yield Fault(f"no balancer is known at {site}", site)
        for metric in self.question.metrics:
            if metric not in (ERRORS, LATENCY):
                yield Fault(f"balancers know no {metric}, only {ERRORS} and {LATENCY}", metric=metric)

    def _metrics(self, group: Group, site: str) -> Iterator[tuple[str, Metric]]:
        there = [one for one in self.watched.values() if one.balancer.site == site]
        names = {name for host in group.at(site) for name in self._names(host)}
        if ERRORS in self.question.metrics:
            rows = [row for one in there for server, row in one.errors().items() if server in names]
            total, bad = summed(rows) if rows else (0, 0)
            yield ERRORS, Counts(min(bad, total), total)
        if LATENCY in self.question.metrics:
            rows = [row for one in there for server, row in one.times().items() if server in names]
            edges = next((one.edges for one in there if one.edges), ())
            if edges:
                yield LATENCY, Histogram("s", edges, summed(rows) if rows else (0,) * len(edges))

    def _names(self, host: str) -> tuple[str, str]:
        """HAProxy calls servers as the inventory does, nginx by their address."""
        found = self.estate.by_name[host]
        return host, f"{found.address}:{found.port}"
