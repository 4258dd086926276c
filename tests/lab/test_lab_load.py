"""The load hides nothing, and a restart by the book loses nothing"""

from __future__ import annotations

import json
import time

import pytest

from deployer.errors import UsageError
from deployer.lab import balancer, faults, host, lifecycle
from deployer.lab.layout import Lab, Machine
from deployer.lab.load import control

pytestmark = pytest.mark.lab


def restart_by_the_book(lab: Lab, one: Machine) -> None:
    """Health file away, out at every balancer, nothing in flight, restart, file back, in at every balancer."""
    lbs = lab.of_site(one.site, "lb")
    away = one.health_file.with_suffix(".html.out")
    one.health_file.rename(away)
    lifecycle.wait(lambda: [one.name in balancer.servers(lb).up for lb in lbs], lambda seen: not any(seen))
    lifecycle.wait(lambda: sum(_busy(lb, one) for lb in lbs), lambda busy: busy == 0)
    host.control(one, "restart")
    away.rename(one.health_file)
    lifecycle.wait(lambda: [one.name in balancer.servers(lb).up for lb in lbs], all)


def _busy(lb: Machine, one: Machine) -> int:
    rows = [line.split(",") for line in balancer.ask(lb.socket, "show stat -1 4 -1").splitlines()]
    return sum(int(row[2] or 0) + int(row[4] or 0) for row in rows if row[1:2] == [one.name])


def test_restarts_by_the_book_and_reloads_lose_nothing(lab: Lab) -> None:
    running = control.start(lab, rate=200)
    for one in lab.hosts:
        restart_by_the_book(lab, one)
    for lb in (*lab.balancers, lab.edge):
        faults.foreign_reload(lab, lb.name)
    seen = control.stop(running)
    assert (seen.failed, seen.mixed_pages) == (0, 0), seen.all
    assert seen.requests > 200
    assert seen.lowest_in_service == {"dc1": 1, "dc2": 1}
    assert seen.out_of_pool_seconds.keys() == {one.name for one in lab.hosts}
    assert {"visit", "fresh", "asset", "call", "cookieless", "post"} <= seen.all["by_kind"].keys()  # type: ignore[attr-defined]
    assert control.stop(control.find(lab)) == seen


def test_errors_of_one_host_are_counted(lab: Lab) -> None:
    faults.misbehave(lab, "dc1-web1", error_rate=1.0)
    seen = control.wait(control.start(lab, rate=100, seconds=2))
    faults.misbehave(lab, "dc1-web1")
    assert seen.failures["500"] == seen.failed > 0
    first = seen.all["first_failures"]
    assert isinstance(first, list)
    assert first[0].keys() == {"at", "kind", "why", "target", "user"}


def test_a_page_of_one_release_with_assets_of_another_is_counted(lab: Lab) -> None:
    """Two releases in one slot without bridged assets: what the bridge of a deployment is for."""
    one = lab.machine("dc1-web1")
    host.put(one, lab.artifacts / "shop-1.1.0.tar.gz", "1.1.0")
    seen = control.wait(control.start(lab, rate=100, seconds=6))
    host.put(one, lab.artifacts / "shop-1.0.0.tar.gz", "1.0.0")
    assert seen.mixed_pages > 0
    assert seen.failures["asset-404"] == seen.failed
    assert set(seen.by_release) == {"1.0.0", "1.1.0"}


def test_a_dead_edge_is_counted_as_refused_and_no_balancer_as_silent(lab: Lab) -> None:
    running = control.start(lab, rate=50)
    faults.kill_balancer(lab, "edge1")
    time.sleep(1)
    seen = control.stop(running)
    faults.start_balancer(lab, "edge1")
    assert seen.failures["refused"] > 0
    assert seen.all["silent_balancers"] == 0


def test_a_load_of_nothing_still_samples(lab: Lab) -> None:
    seen = control.wait(control.start(lab, rate=0, seconds=1, name="watch"))
    assert (seen.requests, seen.lowest_in_service) == (0, {"dc1": 2, "dc2": 2})
    log = (lab.folder / "watch" / "load.log").read_text().splitlines()
    assert json.loads(log[0]) == {"requests": 0, "failed": 0}


def test_a_load_that_was_not_started_cannot_be_found(lab: Lab) -> None:
    with pytest.raises(UsageError, match="no load"):
        control.find(lab, "nobody")
