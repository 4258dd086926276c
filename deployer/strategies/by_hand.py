"""By hand: one act on named hosts, under the same rules as any deployment"""

from __future__ import annotations

from collections.abc import Callable

from deployer.errors import Refused
from deployer.model import WHOLE, HostSeen, Intent, Picture, Release, Split
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Drain, Readmit, Shift, Step, Verify


def drain(intent: Intent, picture: Picture) -> Plan:
    """Take `intent.only` out of the pool; `intent.release` is not looked at."""
    return _per_site(intent, picture, "drain", lambda site, hosts: (Drain(site, tuple(h.host for h in hosts)),))


def readmit(intent: Intent, picture: Picture) -> Plan:
    """Put `intent.only` back, each verified with what it runs.

    Raises:
        Refused: a host's release is not known, so it cannot be verified; or nobody else of its site serves it.
    """

    def steps(site: str, hosts: tuple[HostSeen, ...]) -> tuple[Step, ...]:
        found: list[Step] = []
        for host in hosts:
            if host.release is None:
                raise Refused(
                    f"{host.host} does not say which release it runs",
                    where=site,
                    remedy=f"see its service's log, then deployer deploy VERSION --limit {host.host}",
                )
            _must_fit(picture, host)
            release = Release(host.release)
            found += [Verify(site, (host.host,), release), Readmit(site, (host.host,), release, _half(picture, host))]
        return tuple(found)

    return _per_site(intent, picture, "readmit", steps)


def _half(picture: Picture, host: HostSeen) -> str:
    """While users are split each release has its half; else the live one is right."""
    split = picture.splits.get(host.site)
    halves = {release: slot for slot, release in picture.slots.get(host.site, ())}
    return halves.get(host.release or "", "") if split and len(split.shares) > 1 else ""


def _must_fit(picture: Picture, host: HostSeen) -> None:
    """A host that missed a release must not bring the old one back to users."""
    split = picture.splits.get(host.site)
    served = {seen.release for seen in picture.at(host.site) if seen.in_service and seen.host != host.host}
    wanted = {*served, *(dict(split.shares) if split else ())} - {None}
    if served and host.release not in wanted:
        new = max(str(release) for release in served)
        raise Refused(
            f"{host.host} runs {host.release}, the pool serves {' and '.join(sorted(map(str, wanted)))}",
            where=host.site,
            remedy=f"deployer deploy {new} --limit {host.host}",
        )


def shift(intent: Intent, picture: Picture, share: int) -> Plan:
    """Give `intent.release` this share (hundredths of a percent) of the users, the other release the rest.

    Raises:
        Refused: the balancers of a site do not know the release.
    """
    version = intent.release.version
    legs = []
    for site in intent.sites:
        now = picture.splits.get(site)
        known = dict(now.shares) if now else {}
        others = [name for name in known if name != version]
        if version not in known or len(others) > 1:
            raise Refused(
                f"the balancers know {', '.join(known) or 'no release'}, not {version} beside one other",
                where=site,
                remedy=f"deployer deploy {version} --strategy canary --at 0",
            )
        split = Split(((others[0], WHOLE - share), (version, share)) if others else ((version, WHOLE),))
        legs.append(Leg(site, site, (Stage(f"shift at {site}", site, (Shift(site, split),)),)))
    return Plan(intent, tuple(legs))


def shares(intent: Intent, picture: Picture, split: Split) -> Plan:
    """Give each site this share of all users.

    Raises:
        Refused: there is no edge.
    """
    if "edge" not in picture.splits:
        raise Refused("no edge node says who gets which share", where="edge", remedy="deployer traffic")
    return Plan(intent, (Leg("edge", "", (Stage("shift at the edge", "", (Shift("edge", split),)),)),))


def _per_site(
    intent: Intent, picture: Picture, name: str, steps: Callable[[str, tuple[HostSeen, ...]], tuple[Step, ...]]
) -> Plan:
    legs, only = [], frozenset(intent.only)
    for site in intent.sites:
        hosts = tuple(host for host in picture.at(site) if host.host in only)
        if hosts:
            legs.append(Leg(site, site, (Stage(f"{name} at {site}", site, steps(site, hosts)),)))
    return Plan(intent, tuple(legs))
