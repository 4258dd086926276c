"""An edge node that is an nginx, as the product sets it up"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deployer.lab.layout import SERVICE_PORT, STATUS_PORT, Lab, Machine
from deployer.lab.nginx_balancer import write_main
from deployer.lab.templates import render


def prepare(lab: Lab, edge: Machine, sites: Sequence[Mapping[str, object]]) -> None:
    """Configuration, and what it says in the words that the deployer reads."""
    for folder in (edge.maps, edge.folder / "nginx"):
        folder.mkdir(parents=True, exist_ok=True)
    status = f"{edge.address}:{STATUS_PORT}"
    values = {
        "edge_bind": [f"{edge.address}:{SERVICE_PORT} backlog=1024"],
        "edge_sites": sites,
        "edge_maps": edge.maps,
        "edge_status_bind": status,
        "edge_fresh": lab.balancer == "nginx",
    }
    write_main(edge, render("nginx_edge.conf.j2", values))
    (edge.maps / "edge.node").write_text(render("nginx_edge.node.j2", values))
