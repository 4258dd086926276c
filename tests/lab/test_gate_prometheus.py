"""A canary judged by a real Prometheus: blocked threads, which no balancer sees, take it back"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployer.events import GoingBack
from deployer.lab import balancer, lifecycle, releases
from deployer.lab.layout import Lab
from deployer.lab.load import control
from deployer.steps import Shift
from tests.lab.conftest import new_folder
from tests.lab.console import console


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    folder = new_folder()
    try:
        yield lifecycle.up(folder.name, 2, folder=folder, prometheus=True)
    finally:
        lifecycle.down(folder=folder)


def test_blocked_threads_take_a_canary_back_with_users_first(lab: Lab) -> None:
    releases.release(lab.artifacts, "1.3.0", "blocked")
    with console(lab) as operator:
        metrics = {"error_rate": {"effect": {"allowed": 0.05}}, "blocked_threads": {"min_points": 5}}
        operator.set(
            rolling={"wave": 1, "min_in_service": 1},
            canary={"steps": [50, 100], "bake": "3s", "headroom": "0%", "sites": "sequential"},
            gate={"metrics": metrics, "warm_up": "1s", "every": "2s", "max_bake": "4m", "wait": "0s"},
        )
        for edge in lab.edges:  # all users at one site: half the hosts to bring over
            balancer.ask(edge.socket, "set server sites/dc2 weight 0")
        load = control.start(lab, rate=60)
        told = operator.run("deploy", "1.3.0", "--strategy", "canary", "--limit", "dc1")
        seen = control.stop(load)
        assert told.code == 5, str(told)
        assert "blocked_threads too high" in told.err
        assert seen.failed == 0, seen.all["first_failures"]
        back = next(record.event for record in operator.records() if isinstance(record.event, GoingBack))
        assert isinstance(back.plan.steps[0], Shift), "users first"
        assert "source    prometheus http://" in operator.run("show", "--gate", "last").out
