"""Rolling: one wave of hosts after another, site by site

For every release that can run beside the one before. Hosts that are not in service go first: they cost
no capacity, and a broken release is then found where it hurts nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from deployer.errors import Refused
from deployer.model import WHOLE, HostSeen, Intent, Picture, Split
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Step, Verify


def plan(intent: Intent, picture: Picture) -> Plan:
    """Only hosts that do not serve the release yet are in the plan; none at all gives a plan without legs.

    Raises:
        Refused: users of a site are split over two releases just now.
    """
    for site in intent.sites:
        _one_release(picture, site)
    todo = {site: _todo(intent, picture, site) for site in intent.sites}
    everyone = tuple(host for site in intent.sites for host in todo[site])
    if not everyone:
        return Plan(intent, ())
    fetch = Leg("fetch", "", (Stage("fetch everywhere", "", (Fetch(_carriers(picture, everyone), intent.release),)),))
    sites = [site for site in intent.sites if todo[site]]
    legs = [fetch]
    for site in sites:
        legs.append(_site(intent, site, todo[site], last=site == sites[-1]))
        legs += _renamed(intent, picture, site)
    return Plan(intent, tuple(legs))


def _carriers(picture: Picture, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """Whoever serves meanwhile needs the assets too: a page of a new host may ask an old one for them."""
    serving = sorted((host.host for host in picture.hosts.values() if host.in_service), key=in_order)
    return tuple(dict.fromkeys((*hosts, *serving)))


def _one_release(picture: Picture, site: str) -> None:
    split = picture.splits.get(site)
    sharing = [name for name, share in split.shares if share] if split else []
    if len(sharing) > 1:
        raise Refused(
            f"a canary is under way: {split}",
            where=site,
            remedy="deployer promote or deployer abort, or deployer shift --release VERSION=0",
        )


def _renamed(intent: Intent, picture: Picture, site: str) -> Iterable[Leg]:
    """Balancers that know their live half by the release before learn the new name, once all hosts serve it."""
    split, home = picture.splits.get(site), Split(((intent.release.version, WHOLE),))
    everybody = not intent.only or all(host.host in intent.only for host in picture.at(site))
    if split is not None and split != home and everybody:
        name = f"{site} is named {intent.release.version}"
        yield Leg(name, site, (Stage(name, site, (Shift(site, home),)),))


def _todo(intent: Intent, picture: Picture, site: str) -> tuple[str, ...]:
    only = frozenset(intent.only)
    seen = [
        host
        for host in picture.at(site)
        if (not only or host.host in only) and not (host.in_service and host.release == intent.release.version)
    ]
    return tuple(host.host for host in sorted(seen, key=_unfit_first))


def _unfit_first(host: HostSeen) -> tuple[bool, list[tuple[int, str]]]:
    return host.in_service, in_order(host.host)


def in_order(name: str) -> list[tuple[int, str]]:
    """web2 before web10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name) if part]


def _site(intent: Intent, site: str, hosts: tuple[str, ...], *, last: bool) -> Leg:
    size = intent.wave[site]
    waves = [hosts[start : start + size] for start in range(0, len(hosts), size)]
    stages = tuple(
        Stage(f"{site} wave {n} of {len(waves)}", site, tuple(_wave(intent, site, wave, n, len(waves), last=last)))
        for n, wave in enumerate(waves, 1)
    )
    return Leg(site, site, stages, intent.abreast)


def _wave(intent: Intent, site: str, wave: tuple[str, ...], n: int, of: int, *, last: bool) -> Iterable[Step]:
    yield Drain(site, wave)
    yield Deploy(site, wave, intent.release)
    yield Verify(site, wave, intent.release)
    yield Readmit(site, wave, intent.release)
    if n < of and intent.ask_between_waves:
        yield Ask("waves", (site,), f"after wave {n} of {of} at {site}")
    if n == of and not last and intent.ask_between_sites:
        yield Ask("sites", (site,), f"{site} is done")
