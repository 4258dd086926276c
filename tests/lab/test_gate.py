"""A canary judged by what the balancers count and log: bad ones go back with users first, a good one gets there"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployer.errors import UsageError
from deployer.events import Failed, GoingBack
from deployer.lab import balancer, releases
from deployer.lab.layout import Lab
from deployer.lab.load import control
from deployer.model import Verdict
from deployer.progress import fold, waiting_at
from deployer.steps import Shift
from tests.lab.console import Console, console

GATE = {
    "metrics": {"error_rate": {"effect": {"allowed": 0.02}}, "latency_p50": {"effect": {"allowed": 4, "critical": 20}}},
    "warm_up": "1s",
    "every": "2s",
    "max_bake": "3m",
    "wait": "0s",
}


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    releases.release(lab.artifacts, "1.3.0", "errors")
    releases.release(lab.artifacts, "1.4.0", "slow")
    with console(lab) as one:
        one.set(
            rolling={"wave": 1, "min_in_service": 1},
            canary={"steps": [50, 100], "bake": "3s", "headroom": "0%", "sites": "sequential"},
            gate=GATE,
            strategy="canary",
        )
        for edge in lab.edges:  # all users at one site: half the hosts to bring over
            balancer.ask(edge.socket, "set server sites/dc2 weight 0")
        yield one


@pytest.mark.parametrize(("release", "metric"), [("1.3.0", "error_rate"), ("1.4.0", "latency_p50")])
def test_a_bad_canary_goes_back_with_users_first_and_its_verdict_is_explained(
    lab: Lab, operator: Console, release: str, metric: str
) -> None:
    load = control.start(lab, rate=120)
    told = operator.run("deploy", release, "--limit", "dc1", "--report-dir", str(operator.home / release))
    seen = control.stop(load)
    assert told.code == 5, str(told)
    assert f"{metric} too high" in told.err
    assert set(seen.failures) <= {"http 500", "500", "5xx"}, seen.all["first_failures"]
    back = next(record.event for record in operator.records() if isinstance(record.event, GoingBack))
    assert isinstance(back.plan.steps[0], Shift), "users first"
    failed = next(record.event for record in operator.records() if isinstance(record.event, Failed))
    assert failed.outcome is not None
    assert failed.outcome.judged is not None, "with all that it was reached from"
    assert failed.outcome.judged.judgement.verdict is Verdict.FAIL
    shown = operator.run("show", "--gate", "last")
    assert f"{metric} too high" in shown.out, str(shown)
    assert "1.0.0 on dc1-web2 (restarted with them)" in shown.out
    assert "<polyline" in (operator.home / release / "report.html").read_text()


def test_a_good_one_reaches_everybody_and_is_watched_afterwards(lab: Lab, operator: Console) -> None:
    operator.set(gate={"bake_after": "2s"})
    load = control.start(lab, rate=120)
    planned = operator.run("plan", "1.1.0", "--limit", "dc1")
    told = operator.run("deploy", "1.1.0", "--limit", "dc1")
    seen = control.stop(load)
    assert told.code == 0, str(told)
    assert seen.failed == 0, seen.all["first_failures"]
    assert "dc1: dc1-web1 against dc1-web2 (baseline)" in planned.out
    assert "requests a minute on the new release" in planned.out, str(planned)
    shown = operator.run("show", "--gate", "last", "--json")
    assert shown.json["verdict"] == "pass"


def test_without_requests_nothing_is_decided_and_people_answer_while_it_watches_on(lab: Lab, operator: Console) -> None:
    operator.set(gate={"max_bake": "1s", "wait": "10m", "bake_after": "0s"})
    running = operator.start("deploy", "1.2.0", "--limit", "dc1")
    operator.until_begun(running, "ask")
    running.until_told("waits for deployer approve or abort")
    approved = operator.run("approve", "--as", "the board", "--reason", "CHG-1", "--yes")
    assert approved.code == 0, str(approved)
    operator.until_done(running, "ask")
    operator.until(running, lambda _: _asks(operator))
    assert operator.run("abort").code == 0
    told = running.wait()
    assert told.code == 5, str(told)
    assert "was approved by the board" in told.err
    assert "at least 100 are needed" in told.err


def _asks(operator: Console) -> bool:
    """The second question is being asked."""
    try:
        return "100 %" in waiting_at(fold(operator.records()), at_work=True).about
    except UsageError:
        return False
