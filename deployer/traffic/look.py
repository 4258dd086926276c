"""What all balancers say, put together, and what is wrong with it"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deployer.edge.seen import Seen
from deployer.errors import DeployerError
from deployer.machines import Balancer
from deployer.model import Split, Standing, View
from deployer.traffic import edge, healthfile, mapped
from deployer.traffic.ground import Ground
from deployer.traffic.haproxy import Seen as Pool
from deployer.traffic.haproxy import api, see
from deployer.traffic.maps import Maps
from deployer.traffic.nginx import balancer as nginx
from deployer.world import TrafficSeen


@dataclass(frozen=True, slots=True)
class Looked:
    """One balancer asked: its pool, its maps, and what is wrong with the way it is asked."""

    seen: Pool
    maps: Maps | None
    wrong: tuple[str, ...] = ()


def look(ground: Ground, sites: Sequence[str]) -> TrafficSeen:
    """Never raises for a balancer that does not answer: its views are UNKNOWN and a complaint says why."""
    balancers = [balancer for site in sites for balancer in ground.estate.balancers_at(site)]
    asked = {balancer.name: balancer for balancer in balancers if balancer.kind != "opaque"}
    nodes = edge.nodes(ground)
    told = ground.ssh.each(
        (*asked, *nodes), lambda name: _ask(ground, asked[name]) if name in asked else nodes[name].look()
    )
    found = {name: one for name, one in told.items() if not isinstance(one, Seen) and name in asked}
    edges, of_edges = edge.seen(
        ground, {name: one for name, one in told.items() if not isinstance(one, Looked) and name in nodes}
    )
    views = {
        host.name: tuple(_views(ground, host.name, site, found))
        for site in sites
        for host in ground.estate.hosts_at(site)
    }
    splits: dict[str, Split] = {}
    slots: dict[str, tuple[tuple[str, str], ...]] = {}
    complaints = [line for name, one in found.items() for line in _complaints(ground, asked[name], one)]
    for site in sites:
        here = [found[one.name] for one in ground.asked(site)]
        maps = {one.seen.balancer: one.maps for one in here if isinstance(one, Looked) and one.maps}
        first = next(iter(maps.values()), None)
        if first:
            slots[site] = first.slots(ground.asked(site)[0].pool)
            if first.split:
                splits[site] = first.split
        complaints += _disagreements(site, maps)
    if edges:
        splits["edge"] = edges
    return TrafficSeen(views, splits, slots, (*complaints, *of_edges))


def _ask(ground: Ground, balancer: Balancer) -> Looked:
    if balancer.kind == "nginx":
        told = nginx.ask(ground.ssh, balancer)
        return Looked(nginx.seen(balancer, told), told.now.maps, tuple(told.complaints(balancer)))
    seen = see(ground.ssh, balancer)
    maps = mapped.read(ground.ssh, balancer)
    return Looked(seen, maps, tuple(_wrong(ground, balancer, seen, maps)))


def _wrong(ground: Ground, balancer: Balancer, seen: Pool, maps: Maps | None) -> Iterator[str]:
    level = api(ground.ssh, balancer, "show cli level").strip()
    if level != "admin":
        yield f"the socket {balancer.socket} has level {level}: give it `level admin`"
    if {"a", "b"} <= set(seen.halves) and maps is None and balancer.maps:
        yield f"nothing reads the maps in {balancer.maps} (next: deployer traffic render)"


def _views(ground: Ground, host: str, site: str, found: Mapping[str, Looked | DeployerError]) -> Iterator[View]:
    for balancer in ground.estate.balancers_at(site):
        one = found.get(balancer.name)
        if isinstance(one, Looked):
            yield View(balancer.name, one.seen.standing(host), one.seen.slot(host))
        elif balancer.kind == "opaque":
            yield View(balancer.name, _by_its_file(ground, host, balancer))
        else:
            yield View(balancer.name, Standing.UNKNOWN)


def _by_its_file(ground: Ground, name: str, balancer: Balancer) -> Standing:
    """A device without an API sends requests while the file is there, and for `detection` seconds afterwards."""
    del balancer
    try:
        file = healthfile.read(ground.ssh, ground.estate.by_name[name])
    except DeployerError:
        return Standing.UNKNOWN
    if file.present:
        return Standing.UP
    return Standing.OUT if file.age > ground.settings.balancers.detection else Standing.UNKNOWN


def _complaints(ground: Ground, balancer: Balancer, one: Looked | DeployerError) -> Iterator[str]:
    if isinstance(one, DeployerError):
        yield f"{balancer.name}: {one.what}" + (f" (next: {one.remedy})" if one.remedy else "")
        return
    here = {host.name for host in ground.estate.hosts_at(balancer.site)}
    listed = set(one.seen.servers())
    others = f", it has {', '.join(sorted(listed - here))}" if listed - here else ""
    for name in sorted(here - listed):
        yield f"{balancer.name}: no server named {name} in pool {balancer.pool}{others}: name it as the inventory does"
    for name in sorted(here & listed):
        rows = one.seen.of(name)
        if sum(row.standing is Standing.UP for row in rows) > 1:
            yield f"{balancer.name}: {name} is up in both slots: the checks must expect slot=A and slot=B"
        elif all(row.standing is Standing.DOWN and row.check.startswith("L7RSP") for row in rows) and len(rows) > 1:
            yield f"{balancer.name}: {name} is down in both slots: its health file must say slot=A or slot=B"
        elif {one.seen.half(row) for row in rows} not in ({""}, {"a", "b"}):
            yield f"{balancer.name}: {name} stands in {rows[0].backend} only: a server must be in both slots"
        if any(row.status.startswith("no check") for row in rows):
            yield f"{balancer.name}: {name} is not checked, so the health file is not heard: add `check`"
    for wrong in one.wrong:
        yield f"{balancer.name}: {wrong}"
    if one.seen.old:
        pids = ", ".join(str(pid) for pid in one.seen.old)
        yield f"{balancer.name}: old workers still serve after a reload (pid {pids})"


def _disagreements(site: str, maps: dict[str, Maps]) -> Iterator[str]:
    told = {name: str(one.split or "no split") for name, one in maps.items()}
    if len(set(told.values())) > 1:
        yield f"{site}: the balancers disagree on the split, " + "; ".join(
            f"{name} {split}" for name, split in told.items()
        )
