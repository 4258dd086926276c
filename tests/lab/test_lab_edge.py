"""The edge holds the share of each site, through reloads and losses"""

from __future__ import annotations

from http.client import HTTPConnection

import pytest

from deployer.lab import balancer, faults, lifecycle
from deployer.lab.layout import METRICS_PORT, SERVICE_PORT, Lab
from deployer.lab.load import control

pytestmark = pytest.mark.lab


def set_weights(lab: Lab, dc1: int, dc2: int) -> None:
    line = f"set server sites/dc1 weight {dc1};set server sites/dc2 weight {dc2}"
    assert not balancer.ask(lab.edge.socket, line).strip()


def weights(lab: Lab) -> tuple[str, str]:
    dc1, dc2 = (balancer.ask(lab.edge.socket, f"get weight sites/{site}").split()[0] for site in ("dc1", "dc2"))
    return dc1, dc2


def spread(lab: Lab, requests: int = 100) -> dict[str, int]:
    """How many requests each site got, as its balancers count them."""
    before = served(lab)
    link = HTTPConnection(lab.edge.address, SERVICE_PORT, timeout=20)
    for _ in range(requests):
        link.request("GET", "/")
        reply = link.getresponse()
        reply.read()
        assert reply.status == 200
    after = served(lab)
    return {site: after[site] - before[site] for site in after}


def served(lab: Lab) -> dict[str, int]:
    rows = [line.split(",") for line in balancer.ask(lab.edge.socket, "show stat -1 2 -1").splitlines()]
    return {row[0]: int(row[7]) for row in rows if row[0] in ("dc1", "dc2")}


def test_half_for_each_site(lab: Lab) -> None:
    assert weights(lab) == ("50", "50")
    assert abs(spread(lab)["dc1"] - 50) <= 1


@pytest.mark.parametrize(("dc1", "dc2"), [(100, 0), (99, 1), (0, 100), (25, 75)])
def test_a_share_is_exact(lab: Lab, dc1: int, dc2: int) -> None:
    set_weights(lab, dc1, dc2)
    assert weights(lab) == (str(dc1), str(dc2))
    got = spread(lab, 200)
    assert abs(got["dc1"] - 2 * dc1) <= 2
    if 0 in (dc1, dc2):
        assert min(got.values()) == 0


def test_an_evacuation_under_load_loses_nothing(lab: Lab) -> None:
    set_weights(lab, 50, 50)
    running = control.start(lab, rate=150)
    lifecycle.wait(lambda: running.log.read_text().count("requests"), lambda lines: lines >= 1)
    set_weights(lab, 100, 0)
    lifecycle.wait(lambda: running.log.read_text().count("requests"), lambda lines: lines >= 3)
    set_weights(lab, 50, 50)
    seen = control.stop(running)
    assert seen.failed == 0, seen.all


def test_a_reload_of_the_edge_keeps_the_shares(lab: Lab) -> None:
    set_weights(lab, 80, 20)
    faults.foreign_reload(lab, "edge1")
    assert weights(lab) == ("80", "20")
    set_weights(lab, 50, 50)


def test_a_lost_balancer_leaves_its_site_its_share(lab: Lab) -> None:
    set_weights(lab, 50, 50)
    faults.kill_balancer(lab, "dc1-lb1")
    try:
        assert abs(spread(lab)["dc1"] - 50) <= 1
    finally:
        faults.start_balancer(lab, "dc1-lb1")


def test_balancers_and_edge_tell_prometheus(lab: Lab) -> None:
    for one in (*lab.balancers, lab.edge):
        link = HTTPConnection(one.address, METRICS_PORT, timeout=20)
        link.request("GET", "/metrics")
        assert b"haproxy_server_status" in link.getresponse().read()
