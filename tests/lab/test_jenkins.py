"""The Jenkinsfile's own shell steps, in order, as Jenkins runs them"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.lab.layout import Lab
from tests.lab.console import Console, console, outside

JENKINSFILE = Path(__file__).parents[2] / "docs" / "jenkins" / "Jenkinsfile"


def shell_steps() -> dict[str, str]:
    """Each script of an `sh` step by its first line, as Jenkins hands it to the shell."""
    text = JENKINSFILE.read_text()
    quoted = r"(?:sh |script: |\? |: )(?:'''(.*?)'''|'(deployer [^']*)')"
    found = [one or two for one, two in re.findall(quoted, text, re.DOTALL)]
    scripts = [textwrap.dedent(script).strip() for script in found]
    return {script.splitlines()[0]: script for script in scripts}


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        one.set(rolling={"wave": 1, "min_in_service": 1}, canary={"steps": [50, 100], "bake": "0.5s", "headroom": "0%"})
        one.set(approvals={"by": "another"})
        yield one


@pytest.fixture
def jenkins(operator: Console, tmp_path: Path) -> dict[str, str]:
    """The environment of a build; `deployer` is on its path."""
    program = tmp_path / "bin" / "deployer"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m deployer "$@"\n')
    program.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(JENKINSFILE.parents[2]),
        "DEPLOYER_INVENTORY": str(operator.inventory),
        "BUILD_TAG": "jenkins-release-7",
        "ACTION": "deploy",
        "VERSION": "1.1.0",
        "STRATEGY": "canary",
        "APPROVER": "ann",
        "DEPLOYER_PERSON": "carl",
        "AGREED_BY": "ann",
        "REASON": "it is fine",
        "CI": "true",
    }


def _sh(step: str, environment: dict[str, str], workspace: Path) -> subprocess.CompletedProcess[str]:
    (script,) = (script for first, script in shell_steps().items() if first.startswith(step))
    return subprocess.run(
        ["sh", "-xe", "-c", script],
        env=environment,
        cwd=workspace,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )


def test_a_release_goes_through_the_whole_job(
    operator: Console, lab: Lab, jenkins: dict[str, str], tmp_path: Path
) -> None:
    for step in ("deployer doctor", "deployer plan"):
        done = _sh(step, jenkins, tmp_path)
        assert done.returncode == 0, done.stderr + done.stdout
    assert operator.run("freeze", "--reason", "payments are down").code == 0
    warned = operator.run("plan", "1.1.0")
    assert warned.code == 0
    assert "payments are down; deploy would be refused" in warned.err
    assert _sh('case "$ACTION"', jenkins, tmp_path).returncode == 3, "frozen"
    done = _sh('case "$ACTION"', {**jenkins, "OVERRIDE_FREEZE": "it mends them"}, tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert operator.run("freeze", "--lift").code == 0
    assert "jenkins-release-7" in done.stdout
    assert {found.release for found in outside(lab).values()} == {"1.1.0"}
    assert {path.name for path in (tmp_path / "report").iterdir()} >= {"junit.xml", "report.html", "report.json"}
    assert "<script" not in (tmp_path / "report" / "report.html").read_text()
    _sh("deployer audit", jenkins, tmp_path)
    assert "every link holds" in (tmp_path / "audit.txt").read_text()
    assert "carl" in (said := operator.run("audit").out)
    assert "and ann overrode a freeze" in said


def test_people_answer_for_a_run_that_waits(
    operator: Console, lab: Lab, jenkins: dict[str, str], tmp_path: Path
) -> None:
    assert operator.run("deploy", "1.2.0", "--strategy", "canary", "--at", "0").code == 7
    back = _sh("deployer abort", jenkins, tmp_path)
    assert back.returncode == 0, back.stderr
    assert operator.run("deploy", "1.2.0", "--strategy", "canary", "--at", "0", DEPLOYER_PERSON="ann").code == 7
    mine = _sh("deployer approve", jenkins, tmp_path)
    assert mine.returncode == 3, "ann started it"
    jenkins["APPROVER"] = "bob"
    on = _sh("deployer approve", jenkins, tmp_path)
    assert on.returncode == 0, on.stderr
    assert "approved by bob" in operator.run("logs").out.replace("\n", " ")
    assert {found.release for found in outside(lab).values()} == {"1.2.0"}


def test_every_verb_of_the_job_is_tried_here() -> None:
    verbs = {
        "deployer doctor",
        "deployer plan",
        'case "$ACTION"',
        "deployer approve",
        "deployer abort",
        "deployer status",
        "deployer audit",
    }
    assert all(any(first.startswith(verb) for verb in verbs) for first in shell_steps())
    assert len(shell_steps()) == len(verbs)
