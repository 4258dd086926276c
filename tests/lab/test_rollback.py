"""Going back to what lies on the hosts, and a restart, under load; and what is refused with nothing touched"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from deployer.lab.layout import Lab
from deployer.lab.load import control
from tests.lab.console import Console, as_it_is, console


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        one.set(rolling={"wave": 1, "min_in_service": 1})
        yield one


def test_back_and_a_restart_cost_nobody_a_request(lab: Lab, operator: Console) -> None:
    load = control.start(lab, rate=40)
    there = operator.run("deploy", "1.1.0", "--irreversible")
    assert there.code == 0, str(there)
    assert "no way back below" in there.err
    _is_refused(operator, "1.1.0 is irreversible", "rollback")
    _is_refused(operator, "1.1.0 is irreversible", "deploy", "1.0.0")
    _is_refused(operator, "needs a reason", "rollback", "--across-irreversible", "--exclude", "dc1-web1", code=2)
    shutil.move(lab.artifacts / "shop-1.0.0.tar.gz", lab.artifacts / "gone")
    _is_refused(operator, "cannot be fetched", "rollback", "0.9.0")
    listed = operator.run("rollback", "--list", "--json").json
    assert (listed["before"], listed["irreversible"]) == ("1.0.0", ["1.1.0"])
    assert all(set(host["releases"]) == {"1.0.0", "1.1.0"} for host in listed["hosts"])
    home = operator.run("rollback", "--across-irreversible", "--json")
    assert home.code == 0, str(home)
    assert {host["release"] for host in home.json["hosts"]} == {"1.0.0"}
    assert "fetch" not in home.err, "it lies there, and its artifact is gone"
    assert home.json["foretold_seconds"] > 0
    again = operator.run("deploy", "--same-release", "-e", "workers=8", "--limit", "dc1-web1")
    assert again.code == 0, str(again)
    seen = control.stop(load)
    assert seen.failed == 0, seen.all["first_failures"]
    assert seen.mixed_pages == 0


def _is_refused(operator: Console, why: str, *words: str, code: int = 3) -> None:
    before = as_it_is(operator.lab)
    told = operator.run(*words)
    assert told.code == code, str(told)
    assert why in told.err, str(told)
    assert as_it_is(operator.lab) == before, "nothing was touched"
