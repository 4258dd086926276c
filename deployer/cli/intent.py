"""What the operator wants, put together from settings, inventory and options"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deployer.errors import UsageError
from deployer.machines import Estate
from deployer.model import Gating, Intent, Ladder, Release, Switch, Undo
from deployer.settings.checks import Checks
from deployer.settings.howmany import floor, wave
from deployer.settings.values import Settings
from deployer.strategies.checked import POINTS


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was typed besides the version; empty: as deployer.yml says."""

    only: tuple[str, ...] = ()
    wave: str = ""
    min_in_service: str = ""
    strategy: str = ""
    undo: str = ""
    dark: bool = False
    excluded: tuple[str, ...] = ()


def intent(settings: Settings, estate: Estate, release: Release, wishes: Wishes) -> Intent:
    """The intent over the sites in the order of deployer.yml; a site none of whose hosts are meant is left out."""
    rolling = settings.rolling
    if wishes.wave.strip(" %") == "0":
        raise UsageError("a wave of no hosts gets nowhere", where="--wave", remedy="--wave 1")
    sites = tuple(
        site
        for site in settings.sites
        if any(
            (not wishes.only or host.name in wishes.only) and host.name not in wishes.excluded
            for host in estate.hosts_at(site)
        )
    )
    size = {site: len(estate.hosts_at(site)) for site in sites}
    strategy = wishes.strategy or settings.strategy
    canary, standby = strategy == "canary", stands_by(settings, strategy)
    out = {site: wave(wishes.wave or rolling.wave, size[site]) for site in sites}
    window = rolling.window and not canary and not standby
    carrying = {site: _carrying(estate, site) if standby else size[site] for site in sites}
    return Intent(
        service=settings.service,
        release=release,
        strategy=strategy,
        sites=sites,
        wave={} if standby else dict.fromkeys(sites, 1) if window else out,
        floor={site: floor(wishes.min_in_service or rolling.min_in_service, carrying[site]) for site in sites},
        only=wishes.only,
        abreast=min(out.values(), default=1) if window else 1,
        budget=rolling.max_failures,
        undo=Undo(wishes.undo or ("all" if canary or standby else rolling.undo)),
        bad_release_after=rolling.bad_release_after,
        excluded=wishes.excluded,
        ladder=_ladder(settings, dark=wishes.dark) if canary else None,
        gating=Gating(settings.gate.bake_between, settings.gate.bake_after) if settings.gate else None,
        checks=_checks(settings.checks),
        switch=_switch(settings, estate, sites, wishes, ladder=canary) if standby else None,
    )


def stands_by(settings: Settings, strategy: str) -> bool:
    """The release comes on the standby group: by blue-green, or by a canary that runs there."""
    return strategy == "bluegreen" or (strategy == "canary" and settings.canary.on == "standby")


def _carrying(estate: Estate, site: str) -> int:
    """How many hosts carry all users of a site: those of one colour."""
    hosts = estate.hosts_at(site)
    colours = [sum(host.colour == colour for host in hosts) for colour in ("blue", "green")]
    return min(colours) or max(1, len(hosts) // 2)


def _switch(settings: Settings, estate: Estate, sites: tuple[str, ...], wishes: Wishes, *, ladder: bool) -> Switch:
    values = settings.bluegreen
    hosts = [host for site in sites for host in estate.hosts_at(site)]
    named = ("blue", "green") if values.blue else ()
    return Switch(
        bake=values.bake,
        person=values.ask == "person" or wishes.dark,
        together=(settings.canary if ladder else values).sites == "together",
        keep_warm=values.keep_warm,
        colours=tuple((name, tuple(host.name for host in hosts if host.colour == name)) for name in named),
    )


def _checks(checks: Checks) -> Mapping[str, str]:
    """Which checks there are at each point."""
    at = {point: [name for name, check in checks.items() if point in check.at] for point in POINTS}
    return {point: ", ".join(names) for point, names in at.items() if names}


def _ladder(settings: Settings, *, dark: bool) -> Ladder:
    canary = settings.canary
    return Ladder(
        shares=tuple(round(share * 100) for share in canary.steps),
        bake=canary.bake,
        headroom=int(canary.headroom.removesuffix("%")),
        together=canary.sites == "together",
        dark=dark,
        baseline=canary.baseline and settings.gate is not None,
    )
