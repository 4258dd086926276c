"""Restart: every host once more on the release it runs, in waves, the same guarded way as a release

For a new configuration, a leak, a library of the system. Hosts that are out of service are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from deployer.errors import Refused
from deployer.model import HostSeen, Intent, Picture, Release
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Deploy, Drain, Readmit, Step, Verify
from deployer.strategies.order import in_order


def plan(intent: Intent, picture: Picture) -> Plan:
    """Each host keeps its release and its half of the pool, so a canary that waits may be restarted too.

    Raises:
        Refused: a host does not say what it runs, or a wave would take all hosts that users are sent to.
    """
    legs = []
    for site in intent.sites:
        hosts = sorted(_serving(intent, picture, site), key=lambda seen: in_order(seen.host))
        size = intent.wave[site]
        waves = [hosts[start : start + size] for start in range(0, len(hosts), size)]
        for wave in waves:
            _must_leave_some(picture, site, wave)
        stages = tuple(
            Stage(f"{site} wave {n} of {len(waves)}", site, tuple(_wave(site, wave))) for n, wave in enumerate(waves, 1)
        )
        if stages:
            legs.append(Leg(site, site, stages, intent.abreast))
    return Plan(intent, tuple(legs))


def _serving(intent: Intent, picture: Picture, site: str) -> Iterator[HostSeen]:
    for seen in picture.at(site):
        if seen.in_service and (not intent.only or seen.host in intent.only):
            if seen.release is None:
                raise Refused(
                    f"{seen.host} does not say which release it runs, so it could not be verified afterwards",
                    where=site,
                    remedy=f"see its service's log, or --exclude {seen.host} --reason TEXT",
                )
            yield seen


def _must_leave_some(picture: Picture, site: str, wave: list[HostSeen]) -> None:
    """A standby in the other half does not serve the users of this one."""
    live = picture.live(site)
    there = {seen.host for seen in picture.at(site) if seen.in_service and seen.slot == live}
    going = sorted(there & {seen.host for seen in wave})
    if live and there and len(going) == len(there):
        raise Refused(
            f"{', '.join(going)} would be the last of half {live}, where users are",
            where=site,
            remedy="a smaller --wave, or bring users to the other colour first",
        )


def _wave(site: str, wave: list[HostSeen]) -> Iterator[Step]:
    yield Drain(site, tuple(seen.host for seen in wave))
    kinds = dict.fromkeys((seen.release or "", seen.slot) for seen in wave)
    groups = [(kind, tuple(seen.host for seen in wave if (seen.release or "", seen.slot) == kind)) for kind in kinds]
    for (release, _), hosts in groups:
        yield Deploy(site, hosts, Release(release))
    for (release, slot), hosts in groups:
        yield Verify(site, hosts, Release(release))
        yield Readmit(site, hosts, Release(release), slot)
