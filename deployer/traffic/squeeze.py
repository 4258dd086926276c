"""One host is sent more and more, until its latency or its errors say how much it carries; then all is as it was

Weights are raised at run time on every balancer of its site, and each balancer puts them back by itself when nobody
has come back for a while: a ^C, a crash or a lost network leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deployer.errors import DeployerError, StepFailed
from deployer.machines import Balancer
from deployer.model import Standing, Verdict
from deployer.settings.howmany import percent
from deployer.settings.squeeze import SqueezeValues
from deployer.steps import Ask
from deployer.traffic import leased
from deployer.traffic.ground import Ground
from deployer.traffic.haproxy import Seen
from deployer.traffic.leased import Weights
from deployer.traffic.stat import Row
from deployer.world import Order, Outcome

RISE = 1.3
"""Each step sends so many times more than the one before."""
HEAVIEST = 256
TICK = 1.0
MEANT = 20
"""So few failures may be chance."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What the host did for some seconds: requests/s, failed ones in hundredths of a percent, mean milliseconds."""

    requests: float
    failed: int
    latency: float
    failures: int = 0

    def __str__(self) -> str:
        return f"{self.requests:.0f} requests/s, {self.latency:.0f} ms, {self.failed / 100:g} % failed"


@dataclass(frozen=True, slots=True)
class Counted:
    """Since the start of the balancers."""

    total: int
    failed: int
    latency: float


class Squeeze:
    """The question how much a host carries; its answer is the outcome's `carries`, empty where no limit was met."""

    def __init__(self, ground: Ground, values: SqueezeValues) -> None:
        self._ground, self._values = ground, values

    def ask(self, step: Ask, order: Order) -> Outcome:
        """Raises StepFailed, Unreachable: nothing was measured, and the weights are as they were."""
        (host,), (site,) = step.hosts, step.sites
        balancers = self._balancers(site)
        leased.none_left(self._ground, balancers, order)
        before = self._before(site, host)
        try:
            good, why = self._climb(host, site, before, balancers, order)
        finally:
            leased.put_back(self._ground, balancers, before, order)
        at_least = "" if why else "at least "
        note = f"{host} carries {at_least}{good.requests:.0f} requests/s ({good}); {why or 'it was sent no more'}"
        carries = ((host, round(good.requests, 1)),) if why else ()
        return Outcome(note, verdict=Verdict.PASS, carries=carries)

    def _balancers(self, site: str) -> Mapping[str, Balancer]:
        balancers = self._ground.estate.balancers_at(site)
        if other := next((one for one in balancers if one.kind != "haproxy"), None):
            raise StepFailed(f"{other.kind} has no weights that change at run time", where=other.name)
        return {one.name: one for one in balancers}

    def _before(self, site: str, host: str) -> Mapping[str, Weights]:
        """The weights of its half of the pool, per balancer."""
        return {name: tuple(_serving(seen, host)) for name, seen in self._seen(site).items()}

    def _seen(self, site: str) -> Mapping[str, Seen]:
        found = {}
        for one in self._ground.see(site):
            if isinstance(one, DeployerError):
                raise one
            found[one.balancer] = one
        return found

    def _climb(
        self, host: str, site: str, before: Mapping[str, Weights], balancers: Mapping[str, Balancer], order: Order
    ) -> tuple[Rate, str]:
        """The last rate that was within the bounds, and what ended it ("" = it got as much as it may)."""
        usual = good = self._hold(host, site, None, order)
        order.tell(f"as it is: {usual}")
        if not usual.requests:
            raise StepFailed(f"nobody asks {host} for anything: no load to measure with", where=site)
        ratio = RISE
        while ratio <= self._values.most:
            raised = {name: tuple(_raised(weights, host, ratio)) for name, weights in before.items()}
            leased.put(self._ground, balancers, raised, before, order, self._values.hold)
            now = self._hold(host, site, usual, order)
            order.tell(f"{ratio:.1f} times its weight: {now}")
            if why := self._beyond(now, usual):
                return good, why
            good = max(good, now, key=lambda one: one.requests)
            ratio *= RISE
        return good, ""

    def _hold(self, host: str, site: str, usual: Rate | None, order: Order) -> Rate:
        """What it does for as long as a step lasts, or until too much of it fails."""
        clock, first = self._ground.clock, self._counted(site, host)
        begun = clock.monotonic()
        while True:
            if order.stopping():
                raise StepFailed("stopped; the weights are as they were", where=host)
            clock.sleep(TICK)
            now, passed = self._counted(site, host), clock.monotonic() - begun
            total, failed = now.total - first.total, now.failed - first.failed
            rate = Rate(total / passed, failed * 10_000 // max(1, total), now.latency, failed)
            if passed >= self._values.hold or (usual and failed > MEANT and self._beyond(rate, usual)):
                return rate

    def _beyond(self, now: Rate, usual: Rate) -> str:
        """Why this is too much, "" when it is not."""
        bound = self._values.latency * 1000 or 2 * max(1.0, usual.latency)
        allowed = percent(self._values.errors) or 0
        if now.failed > allowed + usual.failed and now.failures > 1:
            return f"beyond that {now.failed / 100:g} % failed, {allowed / 100:g} % are allowed"
        if now.latency > bound:
            return f"beyond that it took {now.latency:.0f} ms, {bound:.0f} ms are allowed"
        return ""

    def _counted(self, site: str, host: str) -> Counted:
        rows = [row for seen in self._seen(site).values() for row in seen.of(host)]
        busy = [row for row in rows if row.standing is Standing.UP]
        total = sum(row.total for row in rows)
        latency = max((float(row.response) for row in busy), default=0.0)
        return Counted(total, sum(row.failed for row in rows), latency)


def _serving(seen: Seen, host: str) -> Iterator[tuple[str, str, int]]:
    """(backend, server, weight) of those that serve beside the host. Raises StepFailed where it cannot be raised."""
    own = next((row for row in seen.of(host) if row.standing is Standing.UP), None)
    if own is None:
        raise StepFailed(f"{host} is not in service", where=seen.balancer, remedy=f"deployer readmit {host}")
    beside = [row for row in seen.rows if row.backend == own.backend and row.server and _counts(row)]
    if len(beside) < 2:  # noqa: PLR2004 - itself and another one
        raise StepFailed(f"{host} serves alone: it has all of the load already", where=seen.balancer)
    if own.by_hand or not own.weight:
        raise StepFailed(f"somebody has changed the weight of {host} by hand", where=seen.balancer)
    yield from ((row.backend, row.server, row.weight) for row in beside)


def _counts(row: Row) -> bool:
    return row.standing is Standing.UP and row.weight > 0


def _raised(weights: Weights, host: str, ratio: float) -> Iterator[tuple[str, str, int]]:
    """The host's weight so many times larger beside the others; where it cannot grow, theirs shrink."""
    usual = next(weight for _, server, weight in weights if server == host)
    most = min(HEAVIEST, round(usual * ratio))
    shrunk = most / (usual * ratio)
    for backend, server, weight in weights:
        yield backend, server, most if server == host else max(1, round(weight * shrunk))
