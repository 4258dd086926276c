"""One question watched: each metric of each group at each site, or what is wrong with it"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from deployer.clock import WallClock
from deployer.errors import DeployerError
from deployer.gates.judge import data as judged
from deployer.gates.judge.data import Data, Fault, Metric, Side
from deployer.gates.prometheus import counted
from deployer.gates.prometheus.client import Client
from deployer.gates.prometheus.queries import Asked, Query
from deployer.gates.prometheus.template import Scope
from deployer.gates.source import Group, Question
from deployer.machines import Estate
from deployer.world import Clock

SKEW = 5.0
"""Seconds by which a server's clock may be off."""
_AT_ONCE = 8
_MISSED = 3
"""So many steps without a scrape are stale."""


@dataclass(slots=True)
class PrometheusWatch:
    """`servers` by site; a site without one is a fault."""

    question: Question
    estate: Estate
    servers: Mapping[str, Client]
    asked: Mapping[str, Asked]
    step: float
    site_label: str = ""
    clock: Clock = field(default_factory=WallClock)
    since: float = 0.0

    def __post_init__(self) -> None:
        self.since = float(math.ceil(self.question.start))

    def read(self, until: float) -> Data:
        end = float(int(until))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            faults = [fault for found in pool.map(self._site, self.question.sites) for fault in found]
            silent = {fault.site for fault in faults if not fault.metric}
            cells = [cell for cell in self.cells() if cell.scope.site not in silent]
            found = list(pool.map(lambda cell: cell.read(self.since, end), cells))
        faults += [answer.fault for answer in found if answer.fault]
        if any(answer.unborn for answer in found):
            self.since = end
        sides = {name: self._sides(name, cells, found) for name, _ in self.question.groups()}
        queries = tuple(query for cell in cells for query in cell.queries(self.since, end))
        return Data(sides["baseline"], sides["canary"], tuple(dict.fromkeys(faults)), queries=queries)

    def close(self) -> None:
        for client in self.servers.values():
            client.close()

    def _site(self, site: str) -> Iterator[Fault]:
        """Whether its server answers and has our time; what it is not asked."""
        if site not in self.servers:
            yield Fault(f"no Prometheus is known for {site}: gate.source.urls in deployer.yml", site)
            return
        before = self.clock.now()
        try:
            now = self.servers[site].now()
        except DeployerError as wrong:
            yield Fault(told(wrong), site)
            return
        off = max(before - 1 - now, now - self.clock.now() - 1, 0.0)
        if off > SKEW:
            yield Fault(f"{self.servers[site].url}: its clock is off by {off:.0f} s", site)

    def cells(self) -> Iterator[Cell]:
        """A group that has no hosts at a site is not asked for there."""
        for site in self.question.sites:
            for name, group in self.question.groups():
                for metric in self.question.metrics if site in self.servers and group.at(site) else ():
                    yield self._cell(site, name, group, metric)

    def _cell(self, site: str, name: str, group: Group, metric: str) -> Cell:
        asked = self.asked.get(metric)
        label, value = (asked.label, asked.value) if asked else ("", "")
        hosts = [self.estate.by_name[host] for host in group.at(site)]
        scope = Scope(site, name, group.release, hosts, label, value, self.site_label)
        return Cell(metric, scope, self.servers[site], asked, self.step)

    def _sides(self, group: str, cells: Sequence[Cell], found: Sequence[Answer]) -> tuple[Side, ...]:
        metrics: dict[str, dict[str, Metric]] = {site: {} for site in self.question.sites}
        for cell, answer in zip(cells, found, strict=True):
            if cell.scope.group == group and answer.metric:
                metrics[cell.scope.site][cell.metric] = answer.metric
        return tuple(Side(site, measured) for site, measured in metrics.items())


@dataclass(frozen=True, slots=True)
class Answer:
    """Either of them. `unborn`: scraped now, but not yet when the window began, which should begin anew."""

    metric: Metric | None = None
    fault: Fault | None = None
    unborn: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One metric of one group at one site."""

    metric: str
    scope: Scope
    client: Client
    asked: Asked | None
    step: float

    def read(self, since: float, until: float) -> Answer:
        if self.asked is None:
            said = f"no query is known for {self.metric}: gate.source.queries or own"
            return Answer(fault=Fault(said, metric=self.metric))
        if until - since < 1:
            return self._fault("the window has only begun")
        try:
            if wrong := self._scraped(until):
                return self._fault(wrong)
            if wrong := self._scraped(since):
                return replace(self._fault(f"{wrong} when the window began: it begins anew now"), unborn=True)
            return self._measured(self.asked.query, since, until)
        except DeployerError as wrong:
            return self._fault(told(wrong))

    def _scraped(self, at: float) -> str:
        """Which hosts had no fresh scrape at a time, "" when all had."""
        stale = _MISSED * self.step
        for template in counted.counters(self.asked.query) if self.asked else ():
            selector = self.scope.filled(template, self.step)
            found = self.client.instant(f"max by ({self.scope.label}) (timestamp({selector}))", at)
            ages = {one.labels.get(self.scope.label, ""): at - one.last for one in found}
            if not ages:
                return self._nothing(selector)
            if old := [name for name, age in ages.items() if age > stale]:
                return f"{', '.join(old)} not scraped for {max(ages.values()):.0f} s"
            fresh = {host.name for name in ages if (host := self.scope.host(name))}
            if "{scope}" in template or "{hosts}" in template:
                missing = [host.name for host in self.scope.hosts if host.name not in fresh]
                if missing:
                    return f"no series of {', '.join(missing)}"
        return ""

    def _nothing(self, query: str) -> str:
        hint = f"; {self.asked.query.hint}" if self.asked and self.asked.query.hint else ""
        return f"no series for {query}{hint}"

    def queries(self, since: float, until: float) -> Iterator[judged.Query]:
        """What is asked for the metric itself, as it is sent."""
        for text in self._sent(self.asked.query, until - since) if self.asked else ():
            yield judged.Query(self.scope.site, self.scope.group, self.metric, text)

    def _sent(self, query: Query, window: float) -> tuple[str, ...]:
        if query.value:
            return (self.scope.filled(query.value, self.step),)
        if query.buckets:
            return (counted.by_edge(self.scope.filled(query.buckets, window), query.buckets, window),)
        return tuple(
            counted.added([self.scope.filled(one, window) for one in sums], sums, window)
            for sums in (query.bad, query.total)
        )

    def _measured(self, query: Query, since: float, until: float) -> Answer:
        sent = self._sent(query, until - since)
        if query.value:
            return self._gauge(sent[0], since, until)
        if query.buckets:
            return Answer(counted.histogram(self.client.instant(sent[0], until), query.unit))
        bad, total = (self.client.instant(one, until) for one in sent)
        if not total:
            return self._fault(self._nothing(query.total[0]))
        return Answer(counted.counts(bad, total))

    def _gauge(self, query: str, since: float, until: float) -> Answer:
        times = counted.times(since, until, self.step)
        if not times:
            return self._fault(f"the window is shorter than gate.source.step ({self.step:g} s)")
        found = counted.samples(self.client.range(query, times[0], times[-1], self.step), times, self.step)
        if all(value is None for value in found.values):
            return self._fault(self._nothing(query))
        if found.values[-1] is None:
            return self._fault(f"no value any more for {query}")
        return Answer(found)

    def _fault(self, what: str) -> Answer:
        return Answer(fault=Fault(f"{self.scope.group} at {self.scope.site}: {what}", self.scope.site, self.metric))


def told(wrong: DeployerError) -> str:
    """On one line, without the next command: a verdict's reason."""
    return f"{wrong.where}: {wrong.what}" if wrong.where else wrong.what
