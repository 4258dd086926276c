"""The edge: how many of the users each site gets"""

from __future__ import annotations

from deployer.errors import DeployerError
from deployer.machines import EdgeNode
from deployer.model import WHOLE, Split
from deployer.traffic import stat
from deployer.traffic.ground import Ground
from deployer.traffic.haproxy import api


def look(ground: Ground) -> tuple[Split | None, tuple[str, ...]]:
    """The split of the first node that answers, and complaints: silent nodes, nodes that disagree."""
    nodes = {node.name: node for node in ground.estate.edges}
    told = ground.ssh.each(nodes, lambda name: weights(ground, nodes[name]))
    splits: dict[str, Split] = {}
    complaints = []
    for name, one in told.items():
        if isinstance(one, DeployerError):
            complaints.append(f"{name}: {one.what}")
        elif split := split_of(ground, one):
            splits[name] = split
        else:
            complaints.append(f"{name}: all sites have weight 0 in backend {nodes[name].backend}")
    if len(set(splits.values())) > 1:
        said = "; ".join(f"{name} {split}" for name, split in splits.items())
        complaints.append(f"the edge nodes disagree: {said}")
    return next(iter(splits.values()), None), tuple(complaints)


def weights(ground: Ground, node: EdgeNode) -> tuple[tuple[str, int], ...]:
    """(server, weight) of the backend; a server in maint counts 0."""
    rows = stat.rows(api(ground.ssh, node, f"show stat {node.backend} 4 -1"))
    return tuple((row.server, 0 if row.status.startswith("MAINT") else row.weight) for row in rows)


def split_of(ground: Ground, found: tuple[tuple[str, int], ...]) -> Split | None:
    """The share of each site; None when nobody gets anything."""
    per_site = dict.fromkeys(ground.estate.sites, 0)
    for server, weight in found:
        site = site_of(ground, server)
        if site:
            per_site[site] += weight
    whole = sum(per_site.values())
    if not whole:
        return None
    shares = {site: round(weight * WHOLE / whole) for site, weight in per_site.items()}
    most = max(shares, key=lambda site: shares[site])
    shares[most] += WHOLE - sum(shares.values())
    return Split(tuple(shares.items()))


def site_of(ground: Ground, server: str) -> str:
    """A server of the edge is a site by its name, or one of its balancers; "" when neither."""
    if server in ground.estate.sites:
        return server
    return next((one.site for one in ground.estate.balancers if one.name == server), "")
