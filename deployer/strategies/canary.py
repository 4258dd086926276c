"""Canary: a few users first, then more, each on one release

The new release gets the other half of every pool. All sites know it before anybody is sent there; then its group
grows by waves, always large enough for its share, and the share climbs the ladder, asking at each rung. With a
baseline, as many hosts are restarted on the old release with each wave, or right before it where the floor has no room
for both: taken from the end, so that they are the last to go over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from deployer.errors import Refused
from deployer.model import WHOLE, HostSeen, Intent, Ladder, Picture, Release, Split, Undo
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Step, Verify, Versus, hosts_of
from deployer.strategies import limited
from deployer.strategies.order import in_order
from deployer.strategies.rolling import METRICS, carriers


def plan(intent: Intent, picture: Picture) -> Plan:
    """Raises Refused where a canary cannot be: mixed releases, a pool without halves, or no room for a group."""
    ladder = intent.ladder
    if ladder is None:
        raise Refused("a canary needs a ladder", remedy="canary.steps in deployer.yml")
    groups = [_Group.of(intent, picture, site) for site in intent.sites if _todo(intent, picture, site)]
    if not groups:
        return Plan(intent, ())
    limited.refuse(intent, ladder, picture)
    legs = [_fetch(intent, groups, picture), _make_known(groups)]
    for together in [groups] if ladder.together else [[group] for group in groups]:
        legs += _climb(intent, ladder, together)
    if intent.gating and intent.gating.after:
        legs.append(_afterwards(intent, groups))
    return Plan(intent, tuple(legs))


@dataclass(slots=True)
class _Group:
    """One site as the plan goes: who is on the new release, who still waits, and at which share.

    `slot` is the half of the new release, `live` that of the old one; `restarted` hosts make up the baseline.
    """

    site: str
    old: Release
    new: Release
    slot: str
    live: str
    wave: int
    floor: int
    waiting: list[str]
    size: int
    baseline: bool = False
    restarted: set[str] = field(default_factory=set)
    moved: list[str] = field(default_factory=list)
    share: int = 0

    @classmethod
    def of(cls, intent: Intent, picture: Picture, site: str) -> _Group:
        hosts = picture.at(site)
        releases = {host.release for host in hosts if host.in_service}
        if len(releases) != 1 or None in releases:
            raise Refused(
                f"hosts in service run {', '.join(sorted(str(release) for release in releases)) or 'nothing'}; "
                "a canary starts from one release",
                where=site,
                remedy=f"deployer deploy VERSION --strategy rolling --limit {site}",
            )
        (old,) = releases
        out = [host.host for host in hosts if not host.in_service]
        if out:
            raise Refused(
                f"{', '.join(out)} not in service; a canary starts from a whole pool",
                where=site,
                remedy=f"deployer readmit {out[0]}, or leave it out of the inventory group",
            )
        waiting = sorted((host.host for host in hosts), key=in_order)
        least = max(1, intent.floor.get(site, 1))
        slot = _other_half(hosts)
        return cls(
            site=site,
            old=Release(old or ""),
            new=intent.release,
            slot=slot,
            live="a" if slot == "b" else "b",
            wave=intent.wave[site],
            floor=least,
            waiting=waiting,
            size=len(hosts),
            baseline=bool(intent.ladder and intent.ladder.baseline),
        )

    def needs(self, share: int, headroom: int) -> int:
        """Hosts for a share of users, where `floor` hosts carry all of them.

        Headroom is given as far as the others keep what their share needs, and room for one wave is left.
        """
        least, others = _carry(share, self.floor), _carry(WHOLE - share, self.floor)
        wanted = _carry(share * (100 + headroom) // 100, self.floor)
        return max(1, least, min(wanted, self.size - others, self.size - self.wave))

    def room(self, leaving: int) -> int:
        """The share at which so many old hosts more can be spared: what is left of them carries the other users."""
        return max(self.share, WHOLE - WHOLE * (len(self.waiting) - leaving) // self.floor)

    def peers(self, moved: int) -> tuple[str, ...]:
        """Hosts that a canary of so many is compared with: as many, or what is left."""
        left = self.waiting[max(0, moved - len(self.moved)) :]
        return tuple(left[-moved:] if self.baseline else left)

    def next_peers(self, size: int) -> tuple[str, ...]:
        """Those of the peers of so many hosts more that were not restarted yet."""
        return tuple(host for host in self.peers(len(self.moved) + size) if host not in self.restarted)

    def spares(self, leaving: int) -> bool:
        """Whether so many old hosts can be out together: for the floor, and for the users on the old release."""
        return self.size - leaving >= self.floor and len(self.waiting) - leaving >= _carry(
            WHOLE - self.share, self.floor
        )

    @property
    def versus(self) -> Versus:
        old = () if self.share == WHOLE else self.peers(len(self.moved))
        return Versus(self.site, tuple(self.moved), old, restarted=self.baseline and bool(old))

    def split(self, share: int) -> Split:
        return Split(((self.old.version, WHOLE - share), (self.new.version, share)))


def _carry(share: int, floor: int) -> int:
    """How many hosts a share of the users takes."""
    return -(-share * floor // WHOLE)


def _todo(intent: Intent, picture: Picture, site: str) -> bool:
    return any(not (host.in_service and host.release == intent.release.version) for host in picture.at(site))


def _other_half(hosts: tuple[HostSeen, ...]) -> str:
    live = {host.slot for host in hosts}
    if live not in ({"a"}, {"b"}):
        raise Refused(
            "the balancers have one undivided pool here, or both halves in use; a canary needs the other half",
            where=hosts[0].site,
            remedy="deployer doctor says what is missing; playbooks/provision.yml installs it",
        )
    return "b" if live == {"a"} else "a"


def _fetch(intent: Intent, groups: list[_Group], picture: Picture) -> Leg:
    everyone = carriers(picture, tuple(host for group in groups for host in group.waiting))
    return Leg("fetch", "", (Stage("fetch everywhere", "", (Fetch(everyone, intent.release),)),))


def _make_known(groups: list[_Group]) -> Leg:
    shifts = tuple(Shift(group.site, group.split(0)) for group in groups)
    return Leg("make known", "", (Stage("every balancer knows the release, nobody is sent there", "", shifts),))


def _climb(intent: Intent, ladder: Ladder, groups: list[_Group]) -> Iterator[Leg]:
    sites = tuple(group.site for group in groups)
    if ladder.dark:
        yield from _grow(groups, 0, ladder.headroom)
        ask = Ask("person", sites, "dark canary: only testers reach it", intent.release.version)
        yield Leg("dark", "", (Stage("dark canary", "", (ask,)),))
    for share in ladder.shares:
        yield from _grow(groups, share, ladder.headroom)
        shifts = tuple(_to(group, share) for group in groups)
        about = f"{intent.release.version} at {share / 100:g} % of {' and '.join(sites)}"
        ask = _ask(intent, groups, about, ladder.bake)
        yield Leg(f"{share / 100:g} %", "", (Stage(f"{share / 100:g} % of users", "", (*shifts, ask)),))
    home = tuple(Shift(group.site, Split(((group.new.version, WHOLE),))) for group in groups)
    yield Leg("home", "", (Stage(f"everybody stays on {intent.release.version}", "", home),))
    for group in groups:
        stages = tuple(_rest(group))
        if stages:
            yield Leg(f"{group.site} the rest", group.site, stages, undo=Undo.STAGE)


def _afterwards(intent: Intent, groups: list[_Group]) -> Leg:
    """Everybody is over: once more a verdict, which may take everybody back."""
    after = intent.gating.after if intent.gating else 0.0
    ask = _ask(intent, groups, f"{intent.release.version} everywhere", after)
    return Leg("afterwards", "", (Stage("afterwards", "", (ask,)),))


def _ask(intent: Intent, groups: list[_Group], about: str, bake: float) -> Ask:
    """Without a metric gate the time alone, and what the balancers count, must do."""
    sites, version = tuple(group.site for group in groups), intent.release.version
    if intent.gating is None:
        return Ask("bake", sites, about, version, bake)
    return Ask(METRICS, sites, about, version, bake, groups[0].old.version, tuple(group.versus for group in groups))


def _grow(groups: list[_Group], share: int, headroom: int) -> Iterator[Leg]:
    for group in groups:
        stages: list[Stage] = []
        while missing := max(0, group.needs(share, headroom) - len(group.moved)):
            size = min(group.wave, missing)
            if group.moved and group.room(size) > group.share:
                stages.append(Stage(f"{group.site} makes room", group.site, (_to(group, group.room(size)),)))
            stages.append(_wave(group, size))
        if stages:
            yield Leg(f"{group.site} grows to {len(group.moved)} of {group.size}", group.site, tuple(stages))


def _rest(group: _Group) -> Iterator[Stage]:
    while group.waiting:
        yield _wave(group, group.wave, alone=True)


def _to(group: _Group, share: int) -> Shift:
    group.share = share
    return Shift(group.site, group.split(share))


def _wave(group: _Group, size: int, *, alone: bool = False) -> Stage:
    """The canary's next hosts; unless `alone` their peers are restarted with them, or before them."""
    peers = () if alone or not group.baseline else group.next_peers(size)
    hosts = tuple(group.waiting[:size])
    new = _turn(group.site, hosts, group.new, group.slot)
    steps, how = _beside(group, peers, new) if peers else (new, "")
    group.waiting = group.waiting[size:]
    group.restarted.update(peers)
    group.moved += hosts
    beside = f", {len(group.restarted)} as baseline {how}" if how else ""
    return Stage(f"{group.site} canary hosts, {len(group.moved)} of {group.size}{beside}", group.site, steps)


def _beside(group: _Group, peers: tuple[str, ...], new: tuple[Step, ...]) -> tuple[tuple[Step, ...], str]:
    """Verb by verb, so that both are restarted one right after the other."""
    old = _turn(group.site, peers, group.old, group.live)
    if not group.spares(len(peers) + len(hosts_of(new[0]))):
        return (*old, *new), "before them: the floor has no room for both at once"
    both: list[Step] = []
    for ours, theirs in zip(old, new, strict=True):
        both += (ours, theirs)
    return tuple(both), "with them"


def _turn(site: str, hosts: tuple[str, ...], release: Release, slot: str) -> tuple[Step, ...]:
    return (
        Drain(site, hosts),
        Deploy(site, hosts, release),
        Verify(site, hosts, release),
        Readmit(site, hosts, release, slot),
    )
