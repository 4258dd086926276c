"""A site gets its users back step by step, and loses them again when it does worse"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from deployer.lab import balancer, faults
from deployer.lab.layout import Lab
from deployer.lab.load import control
from tests.lab.console import Console, console

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        one.set(edge={"settle": "4s"}, restore={"steps": [1, 10, 50], "bake": "1s"})
        yield one


def shares(lab: Lab) -> set[float]:
    """dc2's share on each edge node, in percent."""
    found = set()
    for edge in lab.edges:
        dc1, dc2 = (int(balancer.ask(edge.socket, f"get weight sites/{site}").split()[0]) for site in ("dc1", "dc2"))
        found.add(100 * dc2 / (dc1 + dc2))
    return found


def test_there_and_back_under_load(lab: Lab, operator: Console) -> None:
    load = control.start(lab, rate=100)
    assert operator.run("evacuate", "dc2", "--yes").code == 0
    assert shares(lab) == {0}
    told = operator.run("traffic", "--check", "--seconds", "0.5")
    assert told.code == 0, str(told)
    assert "dc2 0 %; measured dc1 100.00 %, dc2 0.00 %" in told.out
    back = operator.run("restore", "dc2", "--yes")
    seen = control.stop(load)
    assert back.code == 0, str(back)
    assert shares(lab) == {50}
    assert seen.failed == 0, seen.all
    assert operator.run("shift", "dc1=70", "dc2=30", "--yes").code == 0
    assert shares(lab) == {30}
    assert operator.run("shift", "dc2=100", "--check").code == 0
    assert operator.run("shift", "dc1=70", "dc2=40", "--yes").code == 2
    assert shares(lab) == {30}
    drilled = operator.run("drill", "dc2", "--yes")
    assert drilled.code == 0, str(drilled)
    assert "last request ended" in drilled.out
    assert shares(lab) == {50}


def test_a_site_that_does_worse_loses_its_users_again(lab: Lab, operator: Console) -> None:
    assert operator.run("evacuate", "dc2", "--yes").code == 0
    operator.set(restore={"bake": "8s"})
    for host in lab.of_site("dc2", "web"):
        faults.misbehave(lab, host.name, error_rate=1.0)
    load = control.start(lab, rate=200)
    told = operator.run("restore", "dc2", "--yes")
    control.stop(load)
    for host in lab.of_site("dc2", "web"):
        faults.misbehave(lab, host.name)
    assert told.code == 5, str(told)
    assert shares(lab) == {0}


def test_with_a_metric_gate_a_slow_site_loses_them_too_and_a_good_one_keeps_them(lab: Lab, operator: Console) -> None:
    metrics = {"error_rate": {"effect": {"allowed": 0.05}}, "latency_p50": {"effect": {"allowed": 4, "critical": 20}}}
    gate = {"metrics": metrics, "warm_up": "0s", "every": "1s", "max_bake": "4m", "wait": "0s"}
    operator.set(restore={"steps": [50], "bake": "2s"}, gate=gate)
    assert operator.run("evacuate", "dc2", "--yes").code == 0
    load = control.start(lab, rate=120)
    good = operator.run("restore", "dc2", "--yes")
    assert good.code == 0, str(good)
    assert shares(lab) == {50}
    shown = operator.run("show", "--gate", "last").out
    assert "failed_at_the_edge" in shown
    assert "compared  edge: 1.0.0 on dc2" in shown
    assert operator.run("evacuate", "dc2", "--yes").code == 0
    for host in lab.of_site("dc2", "web"):
        faults.misbehave(lab, host.name, latency=0.3)
    slow = operator.run("restore", "dc2", "--yes")
    seen = control.stop(load)
    for host in lab.of_site("dc2", "web"):
        faults.misbehave(lab, host.name)
    assert slow.code == 5, str(slow)
    assert "latency_p50 too high" in slow.err
    assert shares(lab) == {0}
    assert seen.failed == 0, seen.all
    settings = yaml.safe_load((operator.inventory / "deployer.yml").read_text())
    del settings["gate"]
    (operator.inventory / "deployer.yml").write_text(yaml.safe_dump(settings))


def test_what_a_squeeze_measured_is_what_hosts_are_given(lab: Lab, operator: Console) -> None:
    """Rule 5, and the sum of an evacuation, which reads neither the journal nor the inventory."""
    operator.set(squeeze={"latency": "1ms", "hold": "2s"})
    assert operator.run("shift", "dc2=50", "--yes").code == 0
    load = control.start(lab, rate=120)
    squeezed = operator.run("squeeze", "dc1-web1", "--yes")
    refused = operator.run("evacuate", "dc2", "--yes")
    raised = operator.run("shift", "dc1=100", "--yes")
    urgent = operator.run("evacuate", "dc2", "--yes", "--emergency", "--reason", "power")
    seen = control.stop(load)
    assert squeezed.code == 0, str(squeezed)
    assert "dc1-web1 carries" in squeezed.out + squeezed.err
    assert refused.code == 3, str(refused)
    assert "without dc2 too little is left" in refused.err
    assert "2 hosts may be given" in refused.err
    assert raised.code == 3, str(raised)
    assert "rule 5" in raised.err
    assert urgent.code == 0, str(urgent)
    assert seen.failed == 0, seen.all
    assert shares(lab) == {0}
    forget = operator.copy("forgets")  # another operator's: his first command learns it from the journal
    assert operator.run("shift", "dc2=50", "--yes", "--emergency", "--reason", "back").code == 0
    assert forget.run("shift", "dc2=50", "--check").code == 0
    load = control.start(lab, rate=120)
    told = forget.run("evacuate", "dc2", "--yes")
    control.stop(load)
    assert told.code == 3, str(told)
    assert operator.run("evacuate", "dc2", "--yes").code == 0


def test_what_may_not_be_restored(lab: Lab, operator: Console) -> None:
    """Another release; more than the site carries."""
    assert operator.run("deploy", "1.1.0", "--limit", "dc1").code == 0
    told = operator.run("restore", "dc2", "--yes")
    assert told.code == 3, str(told)
    assert "dc2 runs 1.0.0, the others run 1.1.0" in told.err
    assert operator.run("deploy", "1.1.0", "--limit", "dc2").code == 0
    operator.set(capacity={"requests_per_host": 1})
    load = control.start(lab, rate=100)
    told = operator.run("shift", "dc2=50", "--yes")
    control.stop(load)
    assert told.code == 3, str(told)
    assert "rule 5: 50 % of" in told.err
    assert "dc2 may be given 2/s" in told.err
    assert shares(lab) == {0}
