"""What each balancer and edge node says of the split: what is set, and what it sent where"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deployer.errors import DeployerError
from deployer.gates.bake import Counts
from deployer.model import Split
from deployer.traffic import at_the_edge, edge
from deployer.traffic.asked import read
from deployer.traffic.counts import counts
from deployer.traffic.ground import Ground
from deployer.traffic.users import users
from deployer.world import Clock


@dataclass(frozen=True, slots=True)
class Told:
    """One balancer, or an edge node (`site` is "edge"): `split` is None where it holds none, `sent` counts per release,
    or site, over the time of watching.
    """

    site: str
    balancer: str
    split: Split | None
    sent: tuple[tuple[str, Counts], ...] = ()
    users: tuple[tuple[str, int], ...] = ()
    """About how many users loaded a page in the last minute; empty where nobody counts them."""
    silent: str = ""


def told(ground: Ground, sites: Sequence[str], seconds: float, clock: Clock) -> tuple[Told, ...]:
    """Every balancer of these sites, watched for so many seconds."""
    before, before_edge = counts(ground, sites), at_the_edge.counts(ground)
    clock.sleep(seconds)
    after, after_edge = counts(ground, sites), at_the_edge.counts(ground)
    balancers = {one.name: one for site in sites for one in ground.asked(site)}
    people = users(ground, sites)
    maps = ground.ssh.each(balancers, lambda name: read(ground.ssh, balancers[name]))
    found = list(_edges(ground, before_edge, after_edge))
    for name, one in maps.items():
        site = balancers[name].site
        if isinstance(one, DeployerError):
            found.append(Told(site, name, None, silent=str(one.what)))
        else:
            found.append(Told(site, name, one.split if one else None, _sent(name, before, after), _of(name, people)))
    return tuple(found)


def _edges(
    ground: Ground, before: Mapping[tuple[str, str], Counts], after: Mapping[tuple[str, str], Counts]
) -> Iterator[Told]:
    nodes = edge.nodes(ground)
    for name, one in ground.ssh.each(nodes, lambda name: nodes[name].look(probing=False)).items():
        if isinstance(one, DeployerError):
            yield Told("edge", name, None, silent=one.what)
        else:
            yield Told("edge", name, one.split(ground.estate.sites), _sent(name, before, after))


def _sent(
    balancer: str, before: Mapping[tuple[str, str], Counts], after: Mapping[tuple[str, str], Counts]
) -> tuple[tuple[str, Counts], ...]:
    return tuple(
        (release, count.since(before.get((name, release), Counts())))
        for (name, release), count in sorted(after.items())
        if name == balancer
    )


def _of(balancer: str, people: Mapping[tuple[str, str], int]) -> tuple[tuple[str, int], ...]:
    return tuple((release, count) for (name, release), count in sorted(people.items()) if name == balancer)
