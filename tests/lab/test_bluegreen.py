"""The switch, its undo, the way back to a warm colour and a restart, under load: nobody notices"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployer.lab import lifecycle
from deployer.lab.layout import Lab
from deployer.lab.load import control
from tests.lab.conftest import new_folder
from tests.lab.console import Console, console


@pytest.fixture(scope="module", params=["haproxy", "nginx"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def lab(kind: str) -> Iterator[Lab]:
    folder = new_folder()
    try:
        yield lifecycle.up(folder.name, 3, folder=folder, balancing="nginx" if kind == "nginx" else "haproxy")
    finally:
        lifecycle.down(folder=folder)


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        one.set(rolling={"wave": 1, "min_in_service": 1}, bluegreen={"bake": "0s"})
        yield one


def users(operator: Console) -> set[str]:
    """The releases that users are on, as every balancer says."""
    told = operator.run("traffic", "--json", "--seconds", "0").json
    return {name for one in told["balancers"] for name, share in one["split"].items() if share}


def test_the_switch_and_every_way_back_cost_nobody_a_request(lab: Lab, operator: Console, kind: str) -> None:
    load = control.start(lab, rate=40)
    switched = operator.run("deploy", "1.1.0", "--strategy", "bluegreen")
    assert switched.code == 0, str(switched)
    assert "1.0.0 until" in switched.out
    assert users(operator) == {"1.1.0"}
    run = operator.records()[-1].run
    if kind == "haproxy":
        _there_and_back(operator)
    undone = operator.run("undo", run)
    assert undone.code == 0, str(undone)
    assert users(operator) == {"1.0.0"}
    seen = control.stop(load)
    assert seen.failed == 0, seen.all["first_failures"]
    assert seen.mixed_pages == 0


def _there_and_back(operator: Console) -> None:
    """In one act while a colour is warm, with a restart between."""
    taken = operator.run("deploy", "1.2.0", "--strategy", "bluegreen")
    assert taken.code == 3, str(taken)
    assert "kept warm" in taken.err
    for version in ("1.0.0", "1.1.0"):
        home = operator.run("rollback", version, "--json")
        assert home.code == 0, str(home)
        assert {step["step"].split()[0] for step in home.json["steps"]} == {"shift"}
        assert users(operator) == {version}
        restarted = operator.run("restart", "--limit", "dc1-web1")
        assert restarted.code == 0, str(restarted)
