"""What stays true at every moment: five rules, proved on the plan and checked live before each step

1. Only idle hosts change.
2. Only verified hosts return.
3. Only fit groups take traffic: hosts in service cover their release's share.
4. Enough hosts stay in service per site, as the balancers see them.
5. Shares sum to 100 (the Split itself refuses others) and never point at an empty group; no site gets more than its
   hosts in service can carry, where that is known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from deployer.errors import UnsafePlan
from deployer.model import WHOLE, Capacity, HostSeen, Intent, Picture, Split, Standing
from deployer.plan import Leg, Plan
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Step, Verify, verb

GRAIN = 1
"""Shares are whole hundredths of a percent: a third of the users is 33.34 % and fits a third of the hosts."""


@dataclass(slots=True)
class Pool:
    """The hosts as a plan changes them; `up` counts per site what every balancer shows in service."""

    floor: Mapping[str, int]
    site: dict[str, str] = field(default_factory=dict)
    release: dict[str, str | None] = field(default_factory=dict)
    serving: set[str] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)
    """Hosts that some balancer may still send requests to."""
    verified: dict[str, str] = field(default_factory=dict)
    """Host to the release it was verified with."""
    up: dict[str, int] = field(default_factory=dict)
    serves: dict[tuple[str, str], int] = field(default_factory=dict)
    """(site, release) to the number of hosts in service with it."""
    splits: dict[str, Split] = field(default_factory=dict)
    capacity: Capacity | None = None

    @classmethod
    def of(cls, picture: Picture, intent: Intent) -> Pool:
        pool = cls(intent.floor, splits=dict(picture.splits), capacity=None if intent.emergency else intent.capacity)
        for seen in picture.hosts.values():
            pool.see(seen)
        return pool

    def see(self, seen: HostSeen) -> None:
        """Take a host as it was seen; a host in service counts as verified with what it runs."""
        host, serves, busy = seen.host, seen.in_service, not seen.idle
        release = seen.release or self.release.get(host)
        if self._knows(host, release, serves=serves, busy=busy):
            return
        self.take_out(host)
        self.site[host], self.release[host] = seen.site, release
        self.up.setdefault(seen.site, 0)
        if serves:
            self.put_in(host)
        elif busy:
            self.busy.add(host)

    def _knows(self, host: str, release: str | None, *, serves: bool, busy: bool) -> bool:
        return (
            host in self.site
            and self.release[host] == release
            and (host in self.serving) == serves
            and (host in self.busy) == busy
        )

    def take_out(self, host: str) -> None:
        self.busy.discard(host)
        self.discount(host)

    def discount(self, host: str) -> None:
        """It does not count as in service, though it may still receive requests."""
        if host in self.serving:
            self.serving.remove(host)
            self.up[self.site[host]] -= 1
            self.serves[self.site[host], self.release[host] or ""] -= 1

    def put_in(self, host: str) -> None:
        self.busy.add(host)
        if host not in self.serving:
            self.serving.add(host)
            key = (self.site[host], self.release[host] or "")
            self.up[key[0]] += 1
            self.serves[key] = self.serves.get(key, 0) + 1

    def apply(self, step: Step) -> None:
        """Make the step's promise true."""
        match step:
            case Drain():
                for host in step.hosts:
                    self.take_out(host)
                    self.verified.pop(host, None)
            case Deploy():
                for host in step.hosts:
                    self.release[host] = step.release.version
                    self.verified.pop(host, None)
            case Verify():
                self.verified.update(dict.fromkeys(step.hosts, step.release.version))
            case Readmit():
                for host in step.hosts:
                    self.put_in(host)
            case Shift():
                self.splits[step.scope] = step.split
            case Fetch() | Ask():
                pass

    def least(self, site: str) -> int:
        """The floor of a site: never below one host, the last one is never taken."""
        return max(1, self.floor.get(site, 1))

    def needed(self, site: str, share: int) -> int:
        """Hosts that carry this share of a site's users, where the floor carries all of them."""
        return max(1, -(-(share - GRAIN) * self.least(site) // WHOLE))

    def overload(self, site: str, share: int, without: Collection[str] = ()) -> str:
        """Why the site's hosts in service cannot carry this share of all users; "" where they can, or nobody knows."""
        if self.capacity is None:
            return ""
        hosts = [host for host in self.serving if self.site[host] == site and host not in without]
        return self.capacity.lacks(site, share, hosts)


def breaches(pool: Pool, step: Step) -> tuple[str, ...]:
    """What the step would break, in the words of the rules; empty when it is safe."""
    match step:
        case Drain():
            few = _too_few(pool, step.site, step.hosts)
            return (*few, *_thinned(pool, step.site, step.hosts), *_overloaded(pool, step.site, step.hosts))
        case Deploy():
            return tuple(
                f"rule 1: {host} may still receive requests; only idle hosts change"
                for host in step.hosts
                if host in pool.busy
            )
        case Readmit():
            return tuple(
                f"rule 2: {host} was not verified with {step.release.version}; only verified hosts return"
                for host in step.hosts
                if host not in pool.serving and pool.verified.get(host) != step.release.version
            )
        case Shift():
            return tuple(_unfit(pool, step))
        case Fetch() | Verify() | Ask():
            return ()


def _too_few(pool: Pool, site: str, hosts: Iterable[str]) -> Iterable[str]:
    """A host that some balancer may still use is not free to take, though only whole ones count."""
    leaving = [host for host in hosts if host in pool.busy]
    now = pool.up.get(site, 0)
    left = now - sum(host in pool.serving for host in leaving)
    if leaving and left < pool.least(site):
        yield (
            f"rule 4: {left} of {site}'s hosts would stay in service, the floor is {pool.least(site)} "
            f"({now} in service on every balancer now, {len(leaving)} would leave)"
        )


def _thinned(pool: Pool, site: str, hosts: Iterable[str]) -> Iterable[str]:
    """While users are split, each group that loses hosts must still carry its share."""
    split = pool.splits.get(site)
    sharing = [(release, share) for release, share in split.shares if share] if split else []
    leaving = [pool.release[host] for host in hosts if host in pool.serving]
    for release, share in sharing if len(sharing) > 1 else ():
        left = pool.serves.get((site, release), 0) - leaving.count(release)
        if release in leaving and left < pool.needed(site, share):
            yield (
                f"rule 3: {share / 100:g} % of {site}'s users need {pool.needed(site, share)} hosts with {release}, "
                f"{left} would stay in service"
            )


def _overloaded(pool: Pool, site: str, hosts: Iterable[str]) -> Iterable[str]:
    """A site that the edge sends users to keeps enough hosts for them."""
    leaving = [host for host in hosts if host in pool.serving]
    edge = pool.splits.get("edge")
    lack = pool.overload(site, edge.of(site), leaving) if edge and leaving else ""
    if lack:
        yield f"rule 5: {lack} when {len(leaving)} leave"


def _too_much(pool: Pool, step: Shift) -> Iterable[str]:
    """The sites stand for themselves. Users may always go back to where they were."""
    now = pool.splits.get("edge")
    for site, share in step.split.shares:
        if share and not pool.up.get(site):
            yield f"rule 5: {share / 100:g} % of users would go to {site}, where no host is in service"
        elif not step.retreat and (now is None or share > now.of(site)) and (lack := pool.overload(site, share)):
            yield f"rule 5: {lack}"


def _unfit(pool: Pool, step: Shift) -> Iterable[str]:
    if step.scope not in pool.up:
        yield from _too_much(pool, step)
        return
    for release, share in step.split.shares:
        fit = pool.serves.get((step.scope, release), 0)
        needed = 1 if step.retreat else pool.needed(step.scope, share)
        if share and fit < needed:
            rule = 3 if fit else 5
            yield (
                f"rule {rule}: {share / 100:g} % of {step.scope}'s users need {needed} hosts with {release}, "
                f"{fit} are in service"
            )


def shortage(step: Step, picture: Picture) -> tuple[tuple[str, ...], str]:
    """Why too few are in service for a drain or a share, and what to do about it."""
    if isinstance(step, Shift) and step.scope == "edge":
        return _missing(step, picture)
    if not isinstance(step, Drain):
        return (), "deployer status shows what is where"
    seen = picture.at(step.site)
    silent = dict.fromkeys(v.balancer for host in seen for v in host.views if v.standing is Standing.UNKNOWN)
    if silent:
        return (f"{', '.join(silent)} does not answer: unknown is not down",), "deployer doctor"
    out = [host.host for host in seen if not host.in_service]
    if out:
        few = f"out of service already: {', '.join(out[:6])}{' and more' if len(out) > 6 else ''}"  # noqa: PLR2004
        return (few,), f"repair what is out, or deployer readmit {out[0]}"
    if len(seen) == 1:
        return (), f"{step.site} needs a second host: the only one cannot leave without an outage"
    return (), "smaller waves (rolling.wave), or a lower rolling.min_in_service"


def _missing(step: Shift, picture: Picture) -> tuple[tuple[str, ...], str]:
    """Hosts that would help, if they came back."""
    sites = [site for site, share in step.split.shares if share]
    out = [host.host for site in sites for host in picture.at(site) if not host.in_service]
    emergency = "--emergency --reason 'why' does it all the same"
    if not out:
        return (), f"a smaller share, or {emergency}"
    return (f"out of service: {', '.join(out)}",), f"deployer readmit {' '.join(out)}; {emergency}"


def prove(plan: Plan, picture: Picture) -> None:
    """Walk the plan on paper.

    Raises:
        UnsafePlan: some step would break a rule; names the step and the rule.
    """
    pool = Pool.of(picture, plan.intent)
    window: Leg | None = None
    for number, leg, _, step in plan.walk():
        if leg is not window:
            window = leg
            _prove_window(pool, leg)
        broken = breaches(pool, step)
        if broken:
            few, remedy = shortage(step, picture)
            raise UnsafePlan("; ".join((*broken, *few)), where=f"step {number}, {verb(step)}", remedy=remedy)
        pool.apply(step)


def _prove_window(pool: Pool, leg: Leg) -> None:
    """In a sliding window any `abreast` stages may have their hosts out together; each site has a floor of its own."""
    for site in dict.fromkeys(stage.site for stage in leg.stages) if leg.abreast > 1 else ():
        out = sorted(
            (
                sum(host in pool.serving for step in stage.steps if isinstance(step, Drain) for host in step.hosts)
                for stage in leg.stages
                if stage.site == site
            ),
            reverse=True,
        )
        left = pool.up.get(site, 0) - sum(out[: leg.abreast])
        if any(out) and left < pool.least(site):
            raise UnsafePlan(
                f"rule 4: {leg.abreast} stages at a time would leave {left} of {site}'s hosts in service, "
                f"the floor is {pool.least(site)}",
                where=leg.name,
                remedy="a smaller rolling.wave",
            )
