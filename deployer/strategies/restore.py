"""Restore: a site that was evacuated gets its users back step by step, compared with the others at each"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from deployer.errors import Refused
from deployer.model import WHOLE, Intent, Picture, Split
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Ask, Shift, Versus

SITE = "site"
"""The gate that compares a site, named in place of a release, with the others, by failed requests at the edge."""
SITES = "sites"
"""The gate that compares its hosts with theirs by every metric, where there is a metric gate."""


def plan(intent: Intent, picture: Picture, site: str, shares: Sequence[int], bake: float) -> Plan:
    """Up the rungs (hundredths of a percent) above the site's share now; a FAIL takes all of it back.

    Raises:
        Refused: there is no edge, or the site does not run what the others run.
    """
    now = picture.splits.get("edge")
    if now is None:
        raise Refused("no edge node says who gets which share", where="edge", remedy="deployer traffic")
    _alike(picture, site)
    rungs = [share for share in shares if share > now.of(site)]
    legs = []
    for share in rungs:
        name = f"{site} at {share / 100:g} %"
        steps = (Shift("edge", split(now, site, share)), _ask(intent, picture, site, share, bake))
        legs.append(Leg(name, "", (Stage(name, "", steps),)))
    return Plan(intent, tuple(legs))


def _ask(intent: Intent, picture: Picture, site: str, share: int, bake: float) -> Ask:
    """With everybody at the site there is nothing beside it: what the others did before must do."""
    about = f"{site} at {share / 100:g} %"
    if intent.gating is None:
        return Ask(SITE, picture.sites, about, site, bake)
    serving = [host for host in picture.hosts.values() if host.in_service]
    new = tuple(host.host for host in serving if host.site == site)
    old = tuple(host.host for host in serving if host.site != site and share < WHOLE)
    version = release(picture, site)
    return Ask(SITES, picture.sites, about, version, bake, version, (Versus("edge", new, old),))


def split(now: Split, site: str, share: int) -> Split:
    """The site at this share; the others share the rest as they do now, or evenly where they get nothing."""
    others = [(name, old) for name, old in now.shares if name != site]
    whole, rest = sum(old for _, old in others), WHOLE - share
    given = {name: rest * old // whole if whole else rest // len(others) for name, old in others}
    first = max(given, key=lambda name: given[name])
    given[first] += rest - sum(given.values())
    return Split(tuple((name, given.get(name, share)) for name, _ in now.shares))


def release(picture: Picture, site: str) -> str:
    """What most of the site's hosts in service run; "" when none is."""
    found = Counter(host.release for host in picture.at(site) if host.in_service and host.release)
    return found.most_common(1)[0][0] if found else ""


def _alike(picture: Picture, site: str) -> None:
    ours = {host.release for host in picture.at(site) if host.in_service}
    theirs = {host.release for host in picture.hosts.values() if host.site != site and host.in_service}
    if not ours:
        raise Refused(f"no host of {site} is in service", where=site, remedy="deployer status --live, deployer readmit")
    if ours != theirs:
        here, there = (", ".join(sorted(str(one) for one in some)) or "nothing" for some in (ours, theirs))
        raise Refused(
            f"{site} runs {here}, the others run {there}: its users would change the release",
            where=site,
            remedy=f"deployer resume, if a deployment stands still; else deployer deploy {there} --limit {site}",
        )
