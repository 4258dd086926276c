"""Rollback: a release that lies on the hosts, at all sites at once, in waves as large as the floor allows

For a release that ran here before. Where a warm colour still serves it, users go there in one act and no host changes.
What lies on a host is not fetched again. Hosts that are out of service come last: they cost users nothing now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import zip_longest

from deployer.model import WHOLE, Intent, Picture, Split
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Fetch, Shift, hosts_of
from deployer.strategies.order import in_order
from deployer.strategies.rolling import one_release, todo, wave


def plan(intent: Intent, picture: Picture, lacking: Collection[str] = ()) -> Plan:
    """Hosts in `lacking` fetch the release first. `intent.wave` is how many hosts of a site may go out together.

    Raises:
        Refused: users of a site are split over two releases just now.
    """
    for site in intent.sites:
        one_release(picture, site)
    warm = [site for site in intent.sites if _is_warm(intent, picture, site)]
    cold = [site for site in intent.sites if site not in warm]
    waves = [tuple(_waves(intent, picture, site)) for site in cold]
    named = _named(intent, picture, cold) if any(waves) else ()
    legs = [*_at_once(intent, picture, warm), *_fetch(intent, waves, lacking), *_rounds(waves), *named]
    return Plan(intent, tuple(legs))


def _is_warm(intent: Intent, picture: Picture, site: str) -> bool:
    """The other half serves the release, with as many hosts as the live one, or as the floor asks for."""
    version, live, split = intent.release.version, picture.live(site), picture.splits.get(site)
    if split is None or split.of(version) or version not in dict(split.shares):
        return False
    up = [seen for seen in picture.at(site) if seen.in_service]
    warm = sum(seen.release == version and seen.slot != live for seen in up)
    serving = sum(seen.slot == live for seen in up)
    return warm >= max(1, min(serving, intent.floor.get(site, 1)))


def _at_once(intent: Intent, picture: Picture, sites: list[str]) -> Iterator[Leg]:
    stages = tuple(
        Stage(f"users back at {site}", site, (Shift(site, _all_to(intent, picture.splits[site]), retreat=True),))
        for site in sites
    )
    if stages:
        yield Leg(f"everybody back to {intent.release.version}", "", stages, len(stages))


def _all_to(intent: Intent, split: Split) -> Split:
    others = tuple((name, 0) for name, _ in split.shares if name != intent.release.version)
    return Split(((intent.release.version, WHOLE), *others))


def _waves(intent: Intent, picture: Picture, site: str) -> Iterator[Stage]:
    """Where no host can be spared, those out of service come first: they make the room."""
    hosts = todo(intent, picture, site)
    serving = tuple(host for host in hosts if picture.hosts[host].in_service)
    out = tuple(host for host in hosts if host not in serving)
    up = sum(seen.in_service for seen in picture.at(site))
    floor = max(1, intent.floor.get(site, 1))
    first = up <= floor
    size = max(1, min(intent.wave[site], up + len(out) * first - floor))
    groups = [serving[start : start + size] for start in range(0, len(serving), size)]
    unfit = [Stage(f"{site} hosts out of service", site, tuple(wave(site, out, intent.release)))] if out else []
    yield from unfit if first else ()
    for n, group in enumerate(groups, 1):
        yield Stage(f"{site} wave {n} of {len(groups)}", site, tuple(wave(site, group, intent.release)))
    yield from unfit if not first else ()


def _fetch(intent: Intent, waves: list[tuple[Stage, ...]], lacking: Collection[str]) -> Iterator[Leg]:
    planned = {host for stages in waves for stage in stages for step in stage.steps for host in hosts_of(step)}
    hosts = tuple(sorted(planned & set(lacking), key=in_order))
    if hosts:
        yield Leg("fetch", "", (Stage("fetch where it is missing", "", (Fetch(hosts, intent.release),)),))


def _rounds(waves: list[tuple[Stage, ...]]) -> Iterator[Leg]:
    """The n-th wave of every site at the same time."""
    for n, stages in enumerate(zip_longest(*waves), 1):
        here = tuple(stage for stage in stages if stage is not None)
        yield Leg(f"round {n}", here[0].site if len(here) == 1 else "", here, len(here))


def _named(intent: Intent, picture: Picture, cold: list[str]) -> Iterator[Leg]:
    """Balancers that know their live half by the other release learn the name of this one, once all serve it."""
    home = Split(((intent.release.version, WHOLE),))
    only = frozenset(intent.only)
    sites = [
        site
        for site in cold
        if picture.splits.get(site) not in (None, home)
        and all(not only or host.host in only or host.idle for host in picture.at(site))
    ]
    if sites:
        shifts = tuple(Shift(site, home) for site in sites)
        yield Leg("named", "", (Stage(f"the pools are named {intent.release.version}", "", shifts),))
