"""Blue-green: the standby colour takes the release, then everybody moves in one act

For teams that own as many hosts again. The old colour stays in service in its half of the pool, so going back is one
act as well. With a ladder the same group takes users step by step, at full size from the first one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deployer.errors import Refused
from deployer.model import WHOLE, HostSeen, Intent, Picture, Release, Split
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Step, Verify, Versus
from deployer.strategies.order import in_order
from deployer.strategies.rolling import METRICS


def plan(intent: Intent, picture: Picture) -> Plan:
    """Sites whose users are on the release already are left out; none left gives a plan without legs.

    Raises:
        Refused: no switch is set up, users are split just now, or a site has no standby colour.
    """
    if intent.switch is None:
        raise Refused("a blue-green switch needs its settings", remedy="bluegreen in deployer.yml")
    sides = [_Side.of(intent, picture, site) for site in intent.sites]
    sides = [side for side in sides if side.old != intent.release.version]
    if not sides:
        return Plan(intent, ())
    legs = [_fetch(intent, picture, sides), _make_known(sides), *_prepare(sides)]
    legs += _ask_first(intent, sides)
    for together in [sides] if intent.switch.together else [[side] for side in sides]:
        legs += _move(intent, together)
    return Plan(intent, tuple(legs))


@dataclass(frozen=True, slots=True)
class _Side:
    """One site: who serves `old` now, and who stands by in the other half, called `colour` by its operators."""

    site: str
    old: str
    new: Release
    serving: tuple[str, ...]
    standby: tuple[HostSeen, ...]
    slot: str
    colour: str

    @classmethod
    def of(cls, intent: Intent, picture: Picture, site: str) -> _Side:
        live = _live_half(picture, site)
        members = {seen.host: seen for seen in picture.at(site)}
        serving = {host for host, seen in members.items() if seen.in_service and seen.slot == live}
        colour, standby = _standby(intent, site, members, serving)
        serving -= set(standby)
        releases = {members[host].release for host in serving}
        if len(releases) != 1 or None in releases:
            raise Refused(
                f"the hosts that serve run {', '.join(sorted(map(str, releases))) or 'nothing'}; "
                "blue-green starts from one release",
                where=site,
                remedy=f"deployer deploy VERSION --strategy rolling --limit {site}",
            )
        (old,) = releases
        hosts = tuple(members[host] for host in sorted(standby, key=in_order))
        ordered = tuple(sorted(serving, key=in_order))
        return cls(site, old or "", intent.release, ordered, hosts, "b" if live == "a" else "a", colour)

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(seen.host for seen in self.standby)

    @property
    def unready(self) -> tuple[str, ...]:
        """Those of the standby that do not serve the release in their half yet."""
        ready = {
            seen.host
            for seen in self.standby
            if seen.in_service and seen.slot == self.slot and seen.release == self.new.version
        }
        return tuple(host for host in self.hosts if host not in ready)

    def split(self, share: int) -> Split:
        return Split(((self.old, WHOLE - share), (self.new.version, share)))

    def versus(self, share: int) -> Versus:
        return Versus(self.site, self.hosts, self.serving if share < WHOLE else ())


def _live_half(picture: Picture, site: str) -> str:
    split = picture.splits.get(site)
    if split and sum(bool(share) for _, share in split.shares) > 1:
        raise Refused(
            f"a canary is under way: {split}", where=site, remedy="deployer promote or deployer abort, then once more"
        )
    live = picture.live(site)
    if live not in ("a", "b"):
        raise Refused(
            "the balancers have one undivided pool here; blue-green needs both halves",
            where=site,
            remedy="deployer traffic render says what is missing; playbooks/provision.yml installs it",
        )
    return live


def _standby(intent: Intent, site: str, members: dict[str, HostSeen], serving: set[str]) -> tuple[str, tuple[str, ...]]:
    """The idle colour and its hosts. Where both serve, as before the first switch, the second one is taken."""
    colours = intent.switch.colours if intent.switch else ()
    here = [(name, tuple(host for host in hosts if host in members)) for name, hosts in colours]
    if not here:
        standby = tuple(host for host in members if host not in serving)
        if not standby:
            raise Refused(
                "every host serves users, none stands by",
                where=site,
                remedy="name two inventory groups: bluegreen.blue and bluegreen.green in deployer.yml",
            )
        return "standby", standby
    strange = sorted(set(members) - {host for _, hosts in here for host in hosts})
    empty = [name for name, hosts in here if not hosts]
    if strange or empty:
        what = f"{', '.join(strange)} in neither colour" if strange else f"{empty[0]} has no host here"
        raise Refused(what, where=site, remedy="each host of the service is in one of the groups blue and green")
    idle = [one for one in here if not serving & set(one[1])]
    return (idle or here)[-1]


def _fetch(intent: Intent, picture: Picture, sides: list[_Side]) -> Leg:
    """Those who serve now need the assets too: a page of the new colour may ask an old host for them."""
    standby = [host for side in sides for host in side.hosts]
    serving = sorted((seen.host for seen in picture.hosts.values() if seen.in_service), key=in_order)
    everyone = tuple(dict.fromkeys((*standby, *serving)))
    return Leg("fetch", "", (Stage("fetch everywhere", "", (Fetch(everyone, intent.release),)),))


def _make_known(sides: list[_Side]) -> Leg:
    shifts = tuple(Shift(side.site, side.split(0)) for side in sides)
    return Leg("make known", "", (Stage("every balancer knows the release, nobody is sent there", "", shifts),))


def _prepare(sides: list[_Side]) -> Iterator[Leg]:
    """Every site at the same time: no user is there."""
    stages = tuple(_prepared(side) for side in sides)
    yield Leg("prepare the standby", stages[0].site if len(stages) == 1 else "", stages, len(stages))


def _prepared(side: _Side) -> Stage:
    """Who serves the release there already is not changed, but proves itself again before users come."""
    change: tuple[Step, ...] = ()
    if side.unready:
        change = (Drain(side.site, side.unready), Deploy(side.site, side.unready, side.new))
    proof = (Verify(side.site, side.hosts, side.new), Readmit(side.site, side.hosts, side.new, side.slot))
    return Stage(f"{side.site} {side.colour} takes {side.new.version}", side.site, (*change, *proof))


def _ask_first(intent: Intent, sides: list[_Side]) -> Iterator[Leg]:
    if intent.switch and intent.switch.person:
        sites = tuple(side.site for side in sides)
        about = f"{intent.release.version} stands by, testers reach it"
        yield Leg("ask", "", (Stage("before users move", "", (Ask("person", sites, about, intent.release.version),)),))


def _move(intent: Intent, sides: list[_Side]) -> Iterator[Leg]:
    """In one act, or up the ladder; watched after each."""
    shares = intent.ladder.shares if intent.ladder else (WHOLE,)
    names = " and ".join(side.site for side in sides)
    site = sides[0].site if len(sides) == 1 else ""
    for share in shares:
        whom = "everybody" if share == WHOLE else f"{share / 100:g} %"
        shifts = tuple(Shift(side.site, side.split(share)) for side in sides)
        name = f"{names}: {whom} to {intent.release.version}"
        yield Leg(name, site, (Stage(name, site, (*shifts, _ask(intent, sides, share))),))


def _ask(intent: Intent, sides: list[_Side], share: int) -> Ask:
    """Without a metric gate the time alone, and what the balancers count, must do."""
    sites, version = tuple(side.site for side in sides), intent.release.version
    about = f"{version} at {share / 100:g} % of {' and '.join(sites)}"
    bake = intent.ladder.bake if intent.ladder else intent.switch.bake if intent.switch else 0.0
    if intent.gating is None:
        return Ask("bake", sites, about, version, bake)
    return Ask(METRICS, sites, about, version, bake, sides[0].old, tuple(side.versus(share) for side in sides))
