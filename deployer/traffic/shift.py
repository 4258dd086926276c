"""Shift: every balancer of a site, or the edge, reports the split

A raise that one balancer refuses is taken back everywhere; a lowering goes on and reports who did not follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deployer.errors import DeployerError, Overtaken, StepFailed, Unreachable
from deployer.machines import Balancer
from deployer.model import WHOLE, Standing
from deployer.steps import Shift
from deployer.traffic import asked, edge, healthfile
from deployer.traffic.ground import Ground, Waiting
from deployer.traffic.haproxy import Seen
from deployer.traffic.made import make
from deployer.traffic.maps import Maps
from deployer.traffic.wanted import NOTHING, before, between, foretold, wanted
from deployer.world import Order, Outcome


def shift(ground: Ground, step: Shift, order: Order) -> Outcome:
    """True when every balancer reports the split, read back over a fresh connection, in old workers too.

    Raises:
        StepFailed: a raise was refused and taken back; or a lowering did not reach everybody.
        Unreachable: a balancer does not answer, nothing was raised.
        Overtaken: a newer run acted there.
    """
    if order.stopping():
        raise StepFailed("stopped before anything was shifted", where=step.scope)
    if step.scope == "edge":
        return edge.shift(ground, step.split, order)
    balancers = {balancer.name: balancer for balancer in ground.asked(step.scope)}
    if not balancers:
        raise StepFailed(f"no balancer at {step.scope} can be told a split", where=step.scope, remedy="deployer doctor")
    act = _Act(ground, step, order, balancers)
    return act.go()


@dataclass(frozen=True, slots=True)
class _Act:
    ground: Ground
    step: Shift
    order: Order
    balancers: Mapping[str, Balancer]

    def go(self) -> Outcome:
        now = self._now()
        answering = {name: one for name, one in now.items() if isinstance(one, Maps)}
        if not answering:
            return self._without_maps(now)
        then = self._then(answering)
        first = next(iter(answering.values()))
        lowering = _lowers(answering, then)
        silent = {name: one for name, one in now.items() if isinstance(one, DeployerError)}
        if silent and not lowering:
            raise next(iter(silent.values()))
        if lowering:
            return self._lower(then)
        self._must_have_hosts(then)
        if not self.step.retreat:  # a retreat goes on at every site at the same time
            self._foretell(then)
        for stage in _stages(first, then, answering):
            self._raise_to(stage, answering)
        return Outcome(note=str(self.step.split))

    def _now(self) -> Mapping[str, Maps | DeployerError | None]:
        return self.ground.ssh.each(self.balancers, lambda name: asked.read(self.ground.ssh, self.balancers[name]))

    def _without_maps(self, now: Mapping[str, Maps | DeployerError | None]) -> Outcome:
        for one in now.values():
            if isinstance(one, DeployerError):
                raise one
        if len(self.step.split.shares) == 1:
            return Outcome(note="one pool without a split: all users are on what it serves")
        raise StepFailed(
            f"its balancers have no maps to hold {self.step.split}",
            where=self.step.scope,
            remedy="deployer traffic render shows what to add to their configuration",
        )

    def _then(self, answering: Mapping[str, Maps]) -> Maps:
        current = next((maps for maps in answering.values() if maps.stable), NOTHING)
        seen = [one for one in self.ground.see(self.step.scope) if isinstance(one, Seen)]
        if seen and seen[0].halves == ("",) and len(self.step.split.shares) > 1:
            raise StepFailed(f"{seen[0].pool} is one backend, users cannot be split in it", where=self.step.scope)
        up = frozenset(half for one in seen for half in one.halves if _serves(one, half))
        pool = next(iter(self.balancers.values())).pool
        return wanted(self.step.split, current, pool, self._lives(seen), up)

    def _lives(self, seen: list[Seen]) -> dict[str, str]:
        """Release -> slot, as the health files of the hosts say; hosts that serve are asked last, so they win."""
        hosts = {host.name: host for host in self.ground.estate.hosts_at(self.step.scope)}
        files = self.ground.ssh.each(hosts, lambda name: healthfile.read(self.ground.ssh, hosts[name]))
        known = {name: file for name, file in files.items() if isinstance(file, healthfile.HealthFile) and file.release}
        serving = sorted(known, key=lambda name: any(one.standing(name) is Standing.UP for one in seen))
        return {known[name].release: known[name].slot for name in serving if known[name].present and known[name].slot}

    def _must_have_hosts(self, then: Maps) -> None:
        slots = dict(then.releases)
        for release, share in ((then.canary, then.pct), (then.stable, WHOLE - then.pct)):
            if not release or not share:
                continue
            for one in self.ground.see(self.step.scope):
                if isinstance(one, DeployerError):
                    raise one
                half = slots[release].removeprefix(f"{one.pool}_")
                if half in one.halves and not _serves(one, half):
                    raise StepFailed(
                        f"no host serves {release} in {slots[release]}: {share / 100:g} % of users would get errors",
                        where=one.balancer,
                        remedy="deployer status",
                    )

    def _foretell(self, then: Maps) -> None:
        """At the other sites that know the canary: users may come from here to there before the share is raised there.

        Raises:
            StepFailed, Unreachable: one of them cannot be told; nothing was raised.
        """
        others = {
            balancer.name: balancer
            for site in self.ground.estate.sites
            if site != self.step.scope
            for balancer in self.ground.asked(site)
        }
        told = self.ground.ssh.each(others, lambda name: self._foretell_one(others[name], then))
        for error in told.values():
            if isinstance(error, DeployerError):
                raise error

    def _foretell_one(self, balancer: Balancer, then: Maps) -> None:
        now = asked.read(self.ground.ssh, balancer)
        if now is not None and foretold(now, then) != now:
            make(self.ground, balancer, foretold(now, then), self.order)

    def _raise_to(self, stage: Maps, was: Mapping[str, Maps]) -> None:
        done = self._everywhere(stage, list(was))
        bad = {name: error for name, error in done.items() if isinstance(error, DeployerError)}
        if not bad:
            return
        name, error = next(iter(bad.items()))
        if isinstance(error, Overtaken):
            raise error
        back = self.ground.ssh.each(was, lambda one: make(self.ground, self.balancers[one], was[one], self.order))
        stuck = [f"{one}: {why}" for one, why in back.items() if isinstance(why, DeployerError)]
        told = f"; not taken back on {', '.join(stuck)}" if stuck else "; taken back everywhere"
        raise StepFailed(f"{error.what}{told}", where=name, remedy=error.remedy) from error

    def _lower(self, then: Maps) -> Outcome:
        """Who answers is lowered at once; the others are tried again until they must agree."""
        waiting = Waiting(self.ground.clock, self.order)
        left = dict.fromkeys(self.balancers)
        while True:
            done = self._everywhere(then, list(left))
            for name, error in done.items():
                if isinstance(error, Overtaken):
                    raise error
                if not isinstance(error, DeployerError):
                    left.pop(name, None)
            if not left:
                return Outcome(note=str(self.step.split))
            errors = {name: error for name, error in done.items() if isinstance(error, DeployerError)}
            why = "; ".join(f"{name}: {error.what}" for name, error in errors.items())
            if waiting.seconds >= self.ground.settings.balancers.agree_within or self.order.stopping():
                kind = Unreachable if all(isinstance(error, Unreachable) for error in errors.values()) else StepFailed
                followed = ", ".join(name for name in self.balancers if name not in left) or "none"
                raise kind(
                    f"lowered to {self.step.split} on {followed}, not on {why}",
                    where=self.step.scope,
                    remedy=next(iter(errors.values())).remedy,
                )
            waiting.linger(f"{why}, to lower it there too")

    def _everywhere(self, then: Maps, names: list[str]) -> Mapping[str, DeployerError | None]:
        return self.ground.ssh.each(names, lambda name: make(self.ground, self.balancers[name], then, self.order))


def _stages(first: Maps, then: Maps, now: Mapping[str, Maps]) -> Iterator[Maps]:
    """One after the other; what is so everywhere already is left out, the last one is made sure of in any case."""
    known, shared = before(first, then), between(first, then)
    if not all(maps.same(known) for maps in now.values()):
        yield known
    if not shared.same(then):
        yield shared
    yield then


def _serves(seen: Seen, half: str) -> bool:
    return any(row.standing is Standing.UP and row.server and seen.half(row) == half for row in seen.rows)


def _lowers(now: Mapping[str, Maps], then: Maps) -> bool:
    """Nobody new is sent anywhere: the stable release stays, the canary's share shrinks or the canary goes."""
    return any(maps.pct > then.pct or (maps.canary and not then.canary) for maps in now.values()) and all(
        maps.stable == then.stable and maps.pct >= then.pct and (not then.pct or maps.canary == then.canary)
        for maps in now.values()
    )
