"""nginx as the edge, over the real command line: users are led away and back, and nobody notices"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployer.lab import faults, nginx_balancer
from deployer.lab.layout import Lab
from deployer.lab.load import control
from tests.lab.console import Console, console

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def lab_with() -> dict[str, object]:
    return {"edging": "nginx"}


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        one.set(edge={"settle": "20s"}, restore={"steps": [1, 50], "bake": "1s"})
        yield one


def shares(lab: Lab) -> list[list[str]]:
    return [(edge.maps / "edge" / "shares").read_text().split() for edge in lab.edges]


def test_there_and_back_under_load(lab: Lab, operator: Console) -> None:
    load = control.start(lab, rate=100)
    told = operator.run("evacuate", "dc2", "--reason", "power", "--yes", "--json")
    assert told.code == 0, str(told)
    assert told.json["complete"] is True
    assert told.json["changed"] == {edge.name: {"dc1": 10_000, "dc2": 0} for edge in lab.edges}
    nginx_balancer.reload(lab.machine("edge1"))  # costs kept connections, so nobody does it but us here
    faults.kill_balancer(lab, "edge2")
    faults.start_balancer(lab, "edge2")
    noise = control.stop(load)
    seen = operator.run("traffic", "--check", "--seconds", "0.5")
    assert seen.code == 0, str(seen)
    assert seen.out.count("set dc1 100 %, dc2 0 %") == 2, "a reload and a restart forget nothing"
    assert noise.requests

    load = control.start(lab, rate=100)
    back = operator.run("restore", "dc2", "--yes")
    assert back.code == 0, str(back)
    assert operator.run("shift", "dc1=69.37", "dc2=30.63", "--yes").code == 0
    measured = operator.run("traffic", "--seconds", "1", "--json").json["edge_nodes"]
    gone = operator.run("evacuate", "dc1", "--yes", "--json")
    assert gone.code == 0, str(gone)
    quiet = control.stop(load)
    assert (quiet.failed, quiet.mixed_pages) == (0, 0), quiet.all
    assert shares(lab) == [["dc1", "0", "1", "dc2", "3063", "1"]] * 2
    assert all(sum(one["requests"].values()) > 10 for one in measured), measured
    assert operator.run("doctor").code == 0


def test_a_node_that_does_not_answer_is_named_and_goes_by_it_when_it_wakes(lab: Lab, operator: Console) -> None:
    assert operator.run("shift", "dc1=50", "dc2=50", "--yes").code == 0
    operator.set(edge={"settle": "4s"})
    assert operator.run("plan", "1.1.0").code == 0
    faults.pause_balancer(lab, "edge2")
    try:
        told = operator.run("evacuate", "dc2", "--yes")
    finally:
        faults.wake_balancer(lab, "edge2")
    assert told.code == 6, str(told)
    assert "edge2: nginx does not answer" in told.out + told.err
    again = operator.run("evacuate", "dc2", "--yes")
    assert again.code == 0, str(again)
    assert shares(lab) == [["dc1", "5000", "1", "dc2", "0", "1"]] * 2
