"""A release that does not pass its checks is seen by nobody; one that does goes on"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployer.lab.layout import Lab
from deployer.lab.load import control
from tests.lab.console import Console, console, outside


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        one.set(rolling={"wave": 1, "min_in_service": 1}, canary={"steps": [50, 100], "bake": "0.5s", "headroom": "0%"})
        yield one


def test_no_user_meets_a_release_that_fails_its_check(lab: Lab, operator: Console) -> None:
    operator.set(checks={"front page": {"path": "/version", "contains": "another {version}"}})
    load = control.start(lab, rate=40)
    told = operator.run("deploy", "1.1.0")
    seen = control.stop(load)
    assert told.code == 5, str(told)
    assert "check front page: dc1-web1 answers without 'another 1.1.0'" in told.err
    assert seen.failed == 0, seen.all["first_failures"]
    assert {found.release for found in outside(lab).values()} == {"1.0.0"}


def test_pages_commands_and_playbooks_are_checked_where_they_shall_be(lab: Lab, operator: Console) -> None:
    smoke = operator.home / "smoke.sh"
    smoke.write_text("#!/bin/sh\necho $DEPLOYER_HOSTS >> ${0%/*}/smoked\n")
    smoke.chmod(0o755)
    (operator.home / "look.yml").write_text(
        "- hosts: all\n  gather_facts: false\n  tasks:\n"
        "    - ansible.builtin.raw: test '{{ deployer_version }}' = 1.1.0\n      changed_when: false\n"
    )
    operator.set(
        checks={
            "front page": {"path": "/version", "contains": "{version}"},
            "as a tester": {"at": ["step"], "url": f"{lab.url}/version", "contains": "{version}"},
            "smoke": {"at": ["step", "finish"], "command": f"{smoke} {{version}}"},
            "look": {"at": ["finish"], "playbook": str(operator.home / "look.yml")},
        }
    )
    told = operator.run("deploy", "1.1.0", "--strategy", "canary")
    assert told.code == 0, str(told)
    assert "checks at step: as a tester, smoke" in told.err
    assert {found.release for found in outside(lab).values()} == {"1.1.0"}
    lines = (operator.home / "smoked").read_text().splitlines()
    assert [len(line.split()) for line in lines] == [2, 2, 4], "the canary's hosts at each step, everybody at the end"


def test_a_check_whose_file_is_not_there_refuses_the_run(lab: Lab, operator: Console) -> None:
    operator.set(checks={"look": {"playbook": "nowhere.yml"}})
    told = operator.run("deploy", "1.0.0")
    assert told.code == 3, str(told)
    assert "deployer.yml, checks.look.playbook: there is no file" in told.err
