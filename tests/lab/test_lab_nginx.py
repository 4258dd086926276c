"""A lab with nginx before the hosts: a canary under load, over the real command line"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployer.lab import balancer, faults
from deployer.lab.layout import Lab
from deployer.lab.load import control
from tests.lab.console import Console, console

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def lab_with() -> dict[str, object]:
    return {"balancing": "nginx"}


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        one.set(
            rolling={"wave": 1, "min_in_service": 1},
            canary={"steps": [50, 100], "bake": "1s", "headroom": "0%", "sites": "together"},
        )
        yield one


def test_the_doctor_finds_it_well_and_the_plan_says_what_nginx_cannot_promise(operator: Console) -> None:
    assert operator.run("doctor").code == 0
    told = operator.run("plan", "1.1.0")
    assert told.code == 0, told
    assert "each reload closes idle keep-alive connections" in told.err


def test_a_canary_loses_no_request_behind_a_tier_that_keeps_no_connections(lab: Lab, operator: Console) -> None:
    load = control.start(lab, rate=40)
    running = operator.start("deploy", "1.1.0", "--strategy", "canary")
    operator.until_begun(running, "shift")
    faults.foreign_reload(lab, "dc1-lb1")
    told = running.wait()
    seen = control.stop(load)
    assert told.code == 0, told
    assert seen.failed == 0, seen.all["first_failures"]
    assert seen.mixed_pages == 0
    assert set(seen.flips) <= {"1.0.0>1.1.0"}, "nobody ever goes back"
    shown = operator.run("traffic", "--json", "--seconds", "0", "--check")
    assert shown.code == 0, shown
    assert {one["split"]["1.1.0"] for one in shown.json["balancers"]} == {100.0}
    assert [len(balancer.servers(one).up) for one in lab.balancers] == [2] * 4
    assert min(seen.lowest_in_service.values()) >= 1
