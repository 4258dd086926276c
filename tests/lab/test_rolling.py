"""A release rolls over two data centres under load, as an operator sees it"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from junitparser import JUnitXml

from deployer.events import Ended
from deployer.lab import balancer, faults
from deployer.lab.layout import Lab
from deployer.lab.load import control
from tests.lab.console import Console, Told, console, history, outside
from tests.lab.history import Found, History, broken

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]
FLOOR = 1


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        yield one


@dataclass(frozen=True, slots=True)
class Rolled:
    """The one big deployment of this file: how it ended, what was seen, where its papers lie."""

    told: Told
    whole: History
    papers: Path
    junit: Path


@pytest.fixture(scope="module")
def rolled(lab: Lab, operator: Console) -> Rolled:
    """1.0.0 → 1.1.0 everywhere; somebody reloads a balancer of each site while a host is out."""
    papers, junit = operator.home / "papers", operator.home / "for-jenkins.xml"
    load = control.start(lab, rate=100)
    words = ("deploy", "1.1.0", "--json", "--reason", "the big one", "--report-dir", str(papers), "--junit", str(junit))
    running = operator.start(*words)
    operator.until_begun(running, "deploy", "dc1-web1")
    faults.foreign_reload(lab, "dc1-lb1")
    operator.until_begun(running, "deploy", "dc2-web2")
    faults.foreign_reload(lab, "dc2-lb2")
    told = running.wait()
    seen = control.stop(load)
    return Rolled(told, history(operator, seen, FLOOR), papers, junit)


def releases(lab: Lab) -> list[str | None]:
    return [found.release for found in outside(lab).values()]


def test_nothing_is_lost(lab: Lab, rolled: Rolled) -> None:
    assert rolled.told.code == 0, str(rolled.told)
    assert broken(rolled.whole) == ()
    kinds = rolled.whole.seen.all["by_kind"]
    assert isinstance(kinds, dict)
    assert {"visit", "fresh", "asset", "call", "cookieless", "post", "slow"} <= kinds.keys()
    assert all(found.release == "1.1.0" for found in rolled.whole.found.values())
    assert {(host.root / "current").readlink().name for host in lab.hosts} == {"1.1.0"}
    assert {host.health_file.read_text() for host in lab.hosts} == {"OK slot=A release=1.1.0\n"}


def test_users_go_from_the_old_release_to_the_new_one(rolled: Rolled) -> None:
    assert rolled.whole.seen.by_release.keys() == {"1.0.0", "1.1.0"}


def test_the_journal_holds_and_is_verified(operator: Console, rolled: Rolled) -> None:
    assert operator.verify() == operator.seq >= sum(len(run) for run in rolled.whole.runs)


def test_every_report_says_the_same(operator: Console, rolled: Rolled) -> None:
    said = rolled.told.json
    run = said["run"]
    assert operator.run("show", run, "--json").json == said
    assert operator.run("show", run[:-1], "--json").json == said
    assert operator.run("status", "--json").json["run"] == said
    told = next(one for one in operator.run("history", "--json").json if one["run"] == run)
    assert (told["end"], told["reason"], told["what"]) == ("done", "the big one", "shop 1.1.0, rolling")
    assert (said["end"], said["exit_code"], said["lowest_in_service"]) == ("done", 0, {"dc1": 1, "dc2": 1})
    assert set(said["out_of_pool_seconds"]) == {one["host"] for one in said["hosts"]}
    assert Told(0, (rolled.papers / "report.json").read_text(), "").json == said
    assert run in (rolled.papers / "report.html").read_text()
    assert "drain" in (rolled.papers / "runbook.txt").read_text()
    for path in (rolled.junit, rolled.papers / "junit.xml"):
        xml = JUnitXml.fromfile(str(path))
        assert (xml.tests, xml.failures, xml.errors, xml.skipped) == (len(said["steps"]), 0, 0, 0)


def test_deploy_again_is_nothing_to_do(lab: Lab, operator: Console, rolled: Rolled) -> None:
    before, pids = operator.seq, [faults.service_pid(host) for host in lab.hosts]
    told = operator.run("deploy", "1.1.0", "--json")
    assert (told.code, told.json["end"]) == (0, "nothing to do"), str(told)
    assert operator.seq == before
    assert pids == [faults.service_pid(host) for host in lab.hosts]


def test_a_host_is_drained_and_readmitted_by_hand(lab: Lab, operator: Console, rolled: Rolled) -> None:
    pid = faults.service_pid(lab.machine("dc2-web1"))
    assert operator.run("drain", "dc2-web1").code == 0
    assert outside(lab)["dc2-web1"] == Found("1.1.0", frozenset())
    assert not lab.machine("dc2-web1").health_file.exists()
    refused = operator.run("drain", "dc2-web2")
    assert refused.code == 3, str(refused)
    assert "dc2" in refused.err
    assert lab.machine("dc2-web2").health_file.exists()
    assert operator.run("readmit", "dc2-web1").code == 0
    assert outside(lab)["dc2-web1"].up == {"dc2-lb1", "dc2-lb2"}
    assert faults.service_pid(lab.machine("dc2-web1")) == pid


def test_a_limit_is_kept_and_a_plan_from_before_is_stale(lab: Lab, operator: Console, rolled: Rolled) -> None:
    plan = operator.home / "release.plan"
    assert operator.run("plan", "1.2.0", "-o", str(plan)).code == 0
    told = operator.run("deploy", "1.2.0", "--limit", "dc1-web2")
    assert told.code == 0, str(told)
    assert releases(lab) == ["1.1.0", "1.2.0", "1.1.0", "1.1.0"]
    before = operator.seq
    stale = operator.run("deploy", str(plan), "--json")
    assert stale.code == 8, str(stale)
    assert "dc1-web2" in stale.json["what"]
    assert "1.2.0" in stale.json["what"]
    assert operator.seq == before
    assert releases(lab) == ["1.1.0", "1.2.0", "1.1.0", "1.1.0"]


def test_undo_puts_back_what_each_run_did(lab: Lab, operator: Console, rolled: Rolled) -> None:
    """First the limited one, then the big one, under load."""
    assert operator.run("undo").code == 0
    assert releases(lab) == ["1.1.0"] * 4
    load = control.start(lab, rate=50)
    told = operator.run("undo", rolled.told.json["run"])
    seen = control.stop(load)
    assert told.code == 0, str(told)
    assert releases(lab) == ["1.0.0"] * 4
    assert (seen.failed, seen.mixed_pages, dict(seen.failures)) == (0, 0, {})
    assert min(seen.lowest_in_service.values()) >= FLOOR
    show = operator.run("show", rolled.told.json["run"], "--json").json
    assert (show["end"], show["exit_code"]) == ("put back", 5)
    assert [len(balancer.servers(one).up) for one in lab.balancers] == [2] * 4
    assert operator.verify() == operator.seq


def test_the_checker_sees_every_broken_promise(rolled: Rolled) -> None:
    """A checker that never complains would make all of the above worth nothing."""
    whole = rolled.whole
    (run,) = whole.runs
    lies = {
        "N1": replace(whole, seen=replace(whole.seen, failed=1)),
        "N1: 1 pages mix": replace(whole, seen=replace(whole.seen, mixed_pages=1)),
        "N2: dc1-web1 serves": replace(whole, found={**whole.found, "dc1-web1": Found("1.0.0", frozenset())}),
        "N2: nobody looked": replace(whole, found={}),
        "N3: dc1 had 1": replace(whole, floor={"dc1": 2, "dc2": 1}),
        "N4": replace(whole, found={**whole.found, "dc1-web1": Found("1.1.0", frozenset({"dc1-lb1"}))}),
        "N5: record": replace(whole, runs=(run[:5] + run[6:],)),
        "has no end": replace(whole, runs=(run[:-1],)),
        "repeated": replace(whole, runs=((*run[:-1], run[2], run[3], run[4], run[2], run[3], run[4], run[-1]),)),
    }
    assert isinstance(run[-1].event, Ended)
    for sign, lie in lies.items():
        assert any(sign in sentence for sentence in broken(lie)), (sign, broken(lie))
