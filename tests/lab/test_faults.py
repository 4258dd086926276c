"""Something breaks in the middle of a deployment: exit code, what is where, and the way back"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deployer.lab import balancer, faults, lifecycle, marks
from deployer.lab.layout import Lab, Machine
from deployer.lab.load import control
from deployer.lab.releases import Flaw, release
from tests.lab.console import Console, Told, console, outside, sessions
from tests.lab.history import Found

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1200)]
FAILS_ONCE = """\
#!/bin/sh
if [ "$1" = restart ]; then mv {new} {real}; echo 'no more memory' >&2; exit 1; fi
exec {python} {new} "$@"
"""


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        yield one


def bad(lab: Lab, version: str, flaw: Flaw) -> str:
    release(lab.artifacts, version, flaw)
    return version


def served(lab: Lab) -> dict[str, str]:
    """Host to release, of those in service everywhere."""
    return {
        name: str(found.release)
        for name, found in outside(lab).items()
        if len(found.up) == len(lab.of_site(lab.machine(name).site, "lb"))
    }


def current(host: Machine) -> str:
    return (host.root / "current").readlink().name


@contextmanager
def impatient(operator: Console) -> Iterator[None]:
    """A release that never becomes well is waited for only so long."""
    operator.set(app={"start_timeout": "4s"})
    try:
        yield
    finally:
        operator.set(app={"start_timeout": "60s"})


def fails_once(host: Machine) -> None:
    """The next restart of this host's service fails, and what is restarted after that does not."""
    new = host.control.with_name("shopctl.real")
    host.control.rename(new)
    host.control.write_text(FAILS_ONCE.format(new=new, real=host.control, python=new.read_text().split()[0][2:]))
    host.control.chmod(0o755)


def is_told(told: Told, *words: str) -> None:
    for word in words:
        assert word in told.err + told.out, f"{word!r} is not in:\n{told}"


def test_a_release_that_crashes_is_put_back_and_nobody_notices(lab: Lab, operator: Console) -> None:
    before = outside(lab)
    pids = {host.name: faults.service_pid(host) for host in lab.hosts}
    load = control.start(lab, rate=50)
    told = operator.run("deploy", bad(lab, "2.0.0", "crash"), "--json")
    seen = control.stop(load)
    assert told.code == 5, str(told)
    assert (told.json["end"], told.json["exit_code"]) == ("put back", 5)
    is_told(told, "dc1-web1", "did not start")
    assert outside(lab) == before
    assert current(lab.machine("dc1-web1")) == "1.0.0"
    changed = {host.name for host in lab.hosts if faults.service_pid(host) != pids[host.name]}
    assert changed == {"dc1-web1"}
    assert (seen.failed, set(seen.by_release)) == (0, {"1.0.0"})


def test_an_ill_release_is_left_out_of_the_pool_where_nothing_shall_be_undone(lab: Lab, operator: Console) -> None:
    with impatient(operator):
        told = operator.run("deploy", bad(lab, "2.1.0", "unhealthy"), "--undo", "none", "--limit", "dc1-web1")
    assert told.code == 6, str(told)
    is_told(told, "dc1-web1", "deployer undo")
    assert outside(lab)["dc1-web1"].up == frozenset()
    assert current(lab.machine("dc1-web1")) == "2.1.0"
    assert served(lab) == {"dc1-web2": "1.0.0", "dc2-web1": "1.0.0", "dc2-web2": "1.0.0"}
    assert operator.run("undo").code == 0
    assert list(served(lab).values()) == ["1.0.0"] * 4


def test_a_release_that_says_it_is_another_is_refused_and_a_slow_one_is_waited_for(lab: Lab, operator: Console) -> None:
    with impatient(operator):
        told = operator.run("deploy", bad(lab, "2.2.0", "wrong-version"), "--limit", "dc1-web1")
    assert told.code == 5, str(told)
    is_told(told, "0.0.0-other", "2.2.0")
    assert served(lab)["dc1-web1"] == "1.0.0"
    told = operator.run("deploy", bad(lab, "2.3.0", "slow-start"), "--limit", "dc1-web1")
    assert told.code == 0, str(told)
    assert served(lab)["dc1-web1"] == "2.3.0"


def test_a_failure_on_the_last_host_goes_back_as_far_as_the_policy_says(lab: Lab, operator: Console) -> None:
    before = served(lab)
    fails_once(lab.machine("dc2-web2"))
    told = operator.run("deploy", "1.1.0", "--limit", "dc2", "--undo", "all")
    assert told.code == 5, str(told)
    is_told(told, "dc2-web2", "no more memory")
    assert served(lab) == before
    fails_once(lab.machine("dc2-web2"))
    told = operator.run("deploy", "1.1.0", "--limit", "dc2")
    assert told.code == 6, str(told)
    assert served(lab) == {**before, "dc2-web1": "1.1.0"}
    again = operator.run("deploy", "1.1.0", "--limit", "dc2")
    assert again.code == 0, str(again)
    assert served(lab) == {**before, "dc2-web1": "1.1.0", "dc2-web2": "1.1.0"}


def test_a_balancer_that_dies_stops_the_run_and_it_goes_on_when_it_lives(lab: Lab, operator: Console) -> None:
    before = served(lab)
    running = operator.start("deploy", "1.2.0", "--limit", "dc1-web2")
    operator.until_begun(running, "deploy")
    faults.kill_balancer(lab, "dc1-lb2")
    told = running.wait()
    try:
        assert told.code == 6, str(told)
        is_told(told, "dc1-lb2", "deployer")
        assert not lab.machine("dc1-web2").health_file.exists()
    finally:
        faults.start_balancer(lab, "dc1-lb2")
    lifecycle.wait(lambda: len(balancer.servers(lab.machine("dc1-lb2")).checked), bool)
    told = operator.run("resume")  # it was on its way back
    assert told.code == 5, str(told)
    assert served(lab) == before


def test_an_ssh_server_that_dies_leaves_the_host_out_of_the_pool_until_somebody_can_look(
    lab: Lab, operator: Console
) -> None:
    before, host = served(lab), lab.machine("dc2-web2")
    running = operator.start("deploy", "1.2.0", "--limit", "dc2-web2")
    operator.until_begun(running, "deploy")
    open_ones = sessions(host)
    faults.stop_sshd(lab, "dc2-web2")
    for pid in open_ones:
        marks.end_pid(pid, signal.SIGKILL)
    told = running.wait()
    try:
        assert told.code == 6, str(told)
        is_told(told, "dc2-web2", "Connection refused", "deployer undo")
        assert outside(lab)["dc2-web2"].up == frozenset()
        assert served(lab) == {name: release for name, release in before.items() if name != "dc2-web2"}
        show = operator.run("show", "--json").json
        assert {one["host"] for one in show["hosts"] if not one["in_service"]} == {"dc2-web2"}
    finally:
        faults.start_sshd(lab, "dc2-web2")
    told = operator.run("undo")
    assert told.code == 0, str(told)
    assert served(lab) == before


def test_a_service_that_dies_while_its_host_is_out_does_not_come_back(lab: Lab, operator: Console) -> None:
    assert operator.run("deploy", served(lab)["dc1-web2"], "--limit", "dc1-web1").code == 0
    before = served(lab)
    assert operator.run("drain", "dc1-web1").code == 0
    faults.kill_service(lab, "dc1-web1")
    told = operator.run("readmit", "dc1-web1")
    assert told.code == 3, str(told)
    is_told(told, "dc1-web1", "deployer deploy")
    assert outside(lab)["dc1-web1"] == Found(None, frozenset())
    faults.start_service(lab, "dc1-web1")
    told = operator.run("readmit", "dc1-web1")
    assert told.code == 0, str(told)
    assert served(lab) == before


def test_a_service_that_dies_in_the_middle_of_a_run_stops_it(lab: Lab, operator: Console) -> None:
    """Noticed by verify, by readmit, or by the look from outside at the very end; never taken for done."""
    before = served(lab)
    operator.set(balancers={"agree_within": "15s"})
    running = operator.start("deploy", "1.2.0", "--limit", "dc2-web1")
    operator.until_begun(running, "verify")
    running.process.send_signal(signal.SIGSTOP)
    faults.kill_service(lab, "dc2-web1")
    running.process.send_signal(signal.SIGCONT)
    told = running.wait()
    assert told.code in (5, 6), str(told)
    if told.code == 6:
        is_told(told, "dc2-web1", "deployer undo")
        assert operator.run("undo").code == 0
    assert served(lab) == before
    assert operator.verify() == operator.seq
