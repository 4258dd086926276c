"""What the operator wants, put together from settings, inventory and options"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deployer.errors import UsageError
from deployer.machines import Estate
from deployer.model import Gating, Intent, Ladder, Release, Undo
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
    out = {site: wave(wishes.wave or rolling.wave, size[site]) for site in sites}
    strategy = wishes.strategy or settings.strategy
    canary = strategy == "canary"
    return Intent(
        service=settings.service,
        release=release,
        strategy=strategy,
        sites=sites,
        wave=dict.fromkeys(sites, 1) if rolling.window and not canary else out,
        floor={site: floor(wishes.min_in_service or rolling.min_in_service, size[site]) for site in sites},
        only=wishes.only,
        abreast=min(out.values(), default=1) if rolling.window and not canary else 1,
        budget=rolling.max_failures,
        undo=Undo(wishes.undo or ("all" if canary else rolling.undo)),
        excluded=wishes.excluded,
        ladder=_ladder(settings, dark=wishes.dark) if canary else None,
        gating=Gating(settings.gate.bake_between, settings.gate.bake_after) if settings.gate else None,
        checks=_checks(settings.checks),
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
