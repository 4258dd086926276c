"""A canary judged by a real Prometheus: harm no balancer sees takes it back, and silence holds it until it is over"""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from deployer.events import GoingBack
from deployer.lab import balancer, releases, scraping
from deployer.lab.layout import Lab
from deployer.lab.load import control
from deployer.model import Verdict
from deployer.progress import fold
from deployer.steps import Shift
from tests.lab.between import Between, between
from tests.lab.console import Console, Running, console

METRICS = {
    "error_rate": {"effect": {"allowed": 0.1, "critical": 0.5}},
    "memory": {"min_points": 8},
    "blocked_threads": {"min_points": 5},
}
GATE = {"metrics": METRICS, "warm_up": "1s", "every": "1s", "max_bake": "5m", "wait": "0s"}
SOURCE = {"kind": "prometheus", "queries": ["shop"], "site_label": "site", "step": "2s", "timeout": "1s"}


@pytest.fixture(scope="module")
def lab_with() -> dict[str, object]:
    return {"prometheus": True}


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        one.set(
            strategy="canary",
            rolling={"wave": 1, "min_in_service": 1},
            canary={"steps": [50, 100], "bake": "2s", "headroom": "0%", "sites": "sequential"},
            gate={**GATE, "source": {**SOURCE, "url": f"http://{lab.prometheus_address}"}},
        )
        yield one


@pytest.mark.parametrize(
    ("release", "flaw", "metric"), [("1.3.0", "blocked", "blocked_threads"), ("1.4.0", "leak", "memory")]
)
def test_harm_that_no_balancer_sees_takes_a_canary_back_with_users_first(
    lab: Lab, operator: Console, release: str, flaw: releases.Flaw, metric: str
) -> None:
    releases.release(lab.artifacts, release, flaw)
    _users_at_dc2(lab, weight=0)
    load = control.start(lab, rate=60)
    told = operator.run("deploy", release, "--limit", "dc1")
    seen = control.stop(load)
    assert told.code == 5, str(told)
    assert f"{metric} too high" in told.err
    assert seen.failed == 0, seen.all["first_failures"]
    back = next(record.event for record in operator.records() if isinstance(record.event, GoingBack))
    assert isinstance(back.plan.steps[0], Shift), "users first"
    shown = operator.run("show", "--gate", "last").out
    assert "source    prometheus http://" in shown
    assert "avg(process_resident_memory_bytes{host=~" in shown, "as it was sent"


def test_while_prometheus_is_silent_slow_or_in_doubt_a_run_is_held_and_goes_on_when_it_is_back(
    lab: Lab, operator: Console
) -> None:
    _users_at_dc2(lab, weight=100)
    load = control.start(lab, rate=60)
    with between("127.0.0.1", lab.prometheus_address) as one, between("127.0.0.2", lab.prometheus_address) as two:
        source = {**SOURCE, "urls": {"dc1": one.url, "dc2": two.url}}
        operator.set(canary={"sites": "together"})
        operator.set(gate={"source": source, "metrics": {"error_rate": METRICS["error_rate"]}, "max_bake": "2s"})
        scraping.tell(lab, signal.SIGKILL)
        waits = operator.run("deploy", "1.1.0")
        operator.set(gate={"max_bake": "6m"})
        resumed = operator.start("resume")
        _one_trouble_after_another(lab, one, two, resumed)
        told = resumed.wait()
    seen = control.stop(load)
    assert waits.code == 7, str(waits)
    assert "does not answer" in waits.err
    assert told.code == 0, str(told)
    assert seen.failed == 0, seen.all["first_failures"]
    looks = [look.verdict for asked in fold(operator.records()).looks.values() for look in asked]
    assert len(looks) > looks.index(Verdict.PASS) >= 5, "held by each of them"
    assert Verdict.FAIL not in looks


def _users_at_dc2(lab: Lab, *, weight: int) -> None:
    """Without any there are half as many hosts to bring over."""
    for edge in lab.edges:
        balancer.ask(edge.socket, f"set server sites/dc2 weight {weight}")


def _one_trouble_after_another(lab: Lab, one: Between, two: Between, running: Running) -> None:
    """Each begins before the one before it is over: there is no moment to pass in."""
    running.until_told("does not answer")
    one.warning = "one store is missing"
    scraping.start(lab)
    running.until_told("warns: one store is missing")
    one.late = 30.0
    one.warning = ""
    running.until_told(f"{one.url}: no answer within 1 s")
    two.gone = True
    one.late = 0.0
    running.until_told(f"{two.url}: does not answer")
    scraping.tell(lab, signal.SIGSTOP)
    two.gone = False
    running.until_told(f"{two.url}: no answer within 1 s")
    scraping.tell(lab, signal.SIGCONT)
