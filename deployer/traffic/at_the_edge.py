"""What the edge nodes counted for each site: answers, failed ones, and how many come now"""

from __future__ import annotations

from collections.abc import Mapping

from deployer.errors import DeployerError
from deployer.gates.bake import Counts
from deployer.traffic import stat
from deployer.traffic.edge import site_of
from deployer.traffic.ground import Ground
from deployer.traffic.haproxy import api
from deployer.traffic.stat import Row


def counts(ground: Ground) -> Mapping[tuple[str, str], Counts]:
    """(edge node, site) to what it counted since its worker started; a silent node is not in it."""
    found: dict[tuple[str, str], Counts] = {}
    for name, rows in _rows(ground).items():
        for row in rows:
            site = site_of(ground, row.server)
            if site:
                found[name, site] = found.get((name, site), Counts()).plus(Counts(row.total, row.failed))
    return found


def load(ground: Ground) -> float:
    """Requests/s of all users, in the last second."""
    return float(sum(row.rate for rows in _rows(ground).values() for row in rows))


def _rows(ground: Ground) -> Mapping[str, tuple[Row, ...]]:
    nodes = {node.name: node for node in ground.estate.edges}
    told = ground.ssh.each(
        nodes, lambda name: stat.rows(api(ground.ssh, nodes[name], f"show stat {nodes[name].backend} 4 -1"))
    )
    return {name: rows for name, rows in told.items() if not isinstance(rows, DeployerError)}
