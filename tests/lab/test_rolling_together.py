"""Never two at work: the lock, the lease that was taken over, the fence on every machine; over PostgreSQL"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.events import Taken
from deployer.lab.layout import Lab, Machine
from deployer.lab.load import control
from tests.lab.console import Console, as_it_is, console, outside, sessions
from tests.lab.history import lost
from tests.store.databases import postgres

__all__ = ["postgres"]

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def operator(lab: Lab, postgres: str) -> Iterator[Console]:
    with console(lab) as one:
        one.set(state=postgres)
        yield one


def fence_of(one: Machine) -> str:
    return (one.root / "shared" / ".deployer-shop.fence").read_text()


def test_one_of_two_wins_and_the_other_is_told_who_and_why(lab: Lab, operator: Console) -> None:
    load = control.start(lab, rate=50)
    first = operator.start("deploy", "1.1.0", "--limit", "dc1-web1", "--reason", "ticket 4711")
    operator.until(first, lambda record: isinstance(record.event, Taken))
    second = operator.run("deploy", "1.1.0", "--limit", "dc2-web1", "--json")
    run = operator.records()[0].run
    assert second.code == 4, str(second)
    said = second.json
    assert said["error"] == "LockHeld"
    assert all(words in said["what"] for words in (run, "ticket 4711", "@", "since ")), said
    assert "deployer status" in said["next"]
    assert len(operator.runs()) == 1  # the other left no trace
    told = first.wait()
    assert told.code == 0, str(told)
    assert outside(lab)["dc2-web1"].release == "1.0.0"
    assert operator.run("lock", "status", "--json").json["held"] is False
    assert lost(control.stop(load)) == 0


def test_a_holder_that_was_overtaken_while_it_slept_is_refused_on_the_machines(lab: Lab, operator: Console) -> None:
    """Its drain is on the way already, in an SSH session that does not move, when another run acts on the host."""
    load = control.start(lab, rate=50)
    host = lab.machine("dc2-web1")
    sleeper = operator.start("deploy", "1.1.0", "--limit", "dc2-web1")
    operator.until(sleeper, lambda record: isinstance(record.event, Taken))
    late = operator.records()[0].run
    asleep = sessions(host)
    assert asleep
    for pid in asleep:  # Ansible opens sessions of its own later
        os.kill(pid, signal.SIGSTOP)
    operator.until_begun(sleeper, "drain")
    sleeper.process.send_signal(signal.SIGSTOP)
    assert host.health_file.exists()

    held = operator.run("lock", "status", "--json").json
    assert (held["held"], held["run"]) == (True, late)
    assert operator.run("drain", "dc2-web1").code == 4
    freed = operator.run("lock", "release", "--reason", "the laptop is closed")
    assert freed.code == 0
    assert late in freed.err
    for act in ("drain", "readmit"):  # quicker than a deployment: the sleeper's patience is 20 s
        told = operator.run(act, "dc2-web1")
        assert told.code == 0, str(told)
    newest = operator.records()[0].run
    before = as_it_is(lab)
    assert newest in fence_of(host)

    for pid in asleep:
        os.kill(pid, signal.SIGCONT)
    sleeper.process.send_signal(signal.SIGCONT)
    told = sleeper.wait()
    assert told.code == 4, str(told)
    assert as_it_is(lab) == before
    seen = control.stop(load)
    assert (lost(seen), seen.lowest_in_service["dc2"]) == (0, 1)
    assert operator.verify() == operator.seq

    told = operator.run("resume", late)
    assert told.code == 0, str(told)
    assert outside(lab)["dc2-web1"].release == "1.1.0"


def test_a_killed_run_is_taken_up_from_the_server(lab: Lab, operator: Console) -> None:
    running = operator.start("deploy", "1.1.0", "--limit", "dc1-web2")
    operator.until_begun(running, "deploy")
    running.kill()
    seen = operator.run("status")
    assert "its orchestrator is gone" in seen.out, str(seen)
    told = operator.run("resume")
    assert told.code == 0, str(told)
    assert outside(lab)["dc1-web2"].release == "1.1.0"
    assert "shop 1.1.0, rolling: done" in operator.run("history").out.splitlines()[0]


def test_another_store_with_an_older_epoch_is_refused_until_it_adopts(lab: Lab, operator: Console) -> None:
    assert operator.run("deploy", "1.1.0").code == 0  # a host returns only to a pool that serves its release
    other = operator.copy("stranger")
    other.set(state=f"sqlite:///{Path(operator.home / 'other.db')}")
    before = as_it_is(lab)
    told = other.run("drain", "dc2-web2")
    assert told.code == 4, str(told)
    assert "dc2-web2 may be out of service" in told.err + told.out, "nobody says that it is: nothing changed"
    assert as_it_is(lab) == before
    assert outside(lab)["dc2-web2"].up == {"dc2-lb1", "dc2-lb2"}
    highest = operator.run("lock", "status", "--json").json["highest_epoch"]
    assert f"deployer lock adopt {highest} where" in told.err + told.out, str(told)
    assert other.run("lock", "adopt", str(highest)).code == 0
    for act in ("drain", "readmit"):
        told = other.run(act, "dc2-web2")
        assert told.code == 0, str(told)
    refused = operator.run("drain", "dc2-web2")  # now the first store is the one that has forgotten
    assert refused.code == 4, str(refused)
