"""A site is left within a second, whatever else is broken"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.events import Begun, End, Ended
from deployer.lab import balancer, faults
from deployer.lab.layout import SSH_PORT, Lab
from deployer.lab.load import control
from tests.lab.console import Console, Told, console
from tests.ssh.parts import until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def _operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        one.set(edge={"settle": "4s"})
        assert one.run("plan", "1.1.0").code == 0  # every command keeps what an evacuation needs
        yield one


@pytest.fixture
def operator(lab: Lab, _operator: Console) -> Console:
    """Half of the users for each site, as somebody set by hand."""
    for edge in lab.edges:
        lines = ";".join(f"set server sites/{site} weight 50" for site in ("dc1", "dc2"))
        assert not balancer.ask(edge.socket, lines).strip()
    return _operator


def weights(lab: Lab) -> list[tuple[int, int]]:
    """(dc1, dc2) of each edge node."""

    def one(socket: Path, site: str) -> int:
        return int(balancer.ask(socket, f"get weight sites/{site}").split()[0])

    return [(one(edge.socket, "dc1"), one(edge.socket, "dc2")) for edge in lab.edges]


def gone(told: Told) -> None:
    assert told.code == 0, str(told)
    assert told.json["complete"] is True
    assert told.json["missing"] == {}


def agree_to_the_new_key(lab: Lab, name: str) -> None:
    one = lab.machine(name)
    kind, public, *_ = (one.folder / "ssh" / "host_ed25519.pub").read_text().split()
    others = [line for line in lab.known_hosts.read_text().splitlines() if f"[{one.address}]" not in line]
    lab.known_hosts.write_text("\n".join([*others, f"[{one.address}]:{SSH_PORT} {kind} {public}", ""]))


def test_under_load_nobody_notices(lab: Lab, operator: Console) -> None:
    load = control.start(lab, rate=100)
    told = operator.run("evacuate", "dc2", "--reason", "power", "--yes", "--json")
    seen = control.stop(load)
    gone(told)
    assert (seen.failed, seen.mixed_pages) == (0, 0), seen.all
    assert weights(lab) == [(50, 0), (50, 0)]
    assert told.json["changed"] == {edge.name: {"dc1": 10_000, "dc2": 0} for edge in lab.edges}
    faults.kill_balancer(lab, "edge1")
    faults.start_balancer(lab, "edge1")
    balancer.reload(lab.machine("edge2"), save=False)
    assert weights(lab) == [(50, 0), (50, 0)], "a restart, or a reload past our unit, brings nobody back"
    last = operator.records()
    assert isinstance(last[-1].event, Ended)
    assert last[-1].event.end is End.DONE
    refused = operator.run("evacuate", "dc1", "--yes")
    assert refused.code == 3, "never both sites"
    assert weights(lab) == [(50, 0), (50, 0)]
    assert "never both at 0" in refused.err


def test_a_broken_inventory_and_a_lost_journal_do_not_matter(lab: Lab, operator: Console) -> None:
    hosts, settings = operator.inventory / "hosts.yml", operator.inventory / "deployer.yml"
    kept = hosts.read_text(), settings.read_text()
    journal, away = lab.folder / "state.db", lab.folder / "state.away"
    journal.rename(away)
    journal.mkdir()  # a file there would be a new journal
    try:
        hosts.write_text("all: [broken")
        settings.write_text("nonsense")
        told = operator.run("evacuate", "dc2", "--yes", "--json")
        gone(told)
        assert "going by the copy of" in told.err
        assert "the journal does not answer" in told.err
        assert weights(lab) == [(50, 0), (50, 0)]
    finally:
        journal.rmdir()
        away.rename(journal)
        hosts.write_text(kept[0])
        settings.write_text(kept[1])
    before = len(operator.runs())
    assert told.json["run"] in operator.run("readmit", "dc1-web1", "--check").err, "it is written down, and said"
    assert len(operator.runs()) == before + 1
    assert operator.records()[0].run == told.json["run"]
    operator.verify()
    gone(operator.run("evacuate", "dc2", "--yes", "--json"))  # the epochs go on from what the machines carry


@pytest.mark.parametrize(
    ("breaks", "mends", "said"),
    [
        (faults.stop_sshd, faults.start_sshd, "edge2: cannot be reached"),
        (faults.pause_sshd, faults.wake_sshd, "edge2: "),
        (faults.new_host_key, agree_to_the_new_key, "host key is not the one we know"),
        (faults.pause_balancer, faults.wake_balancer, "edge2: "),
    ],
    ids=["dead", "hung", "strange key", "hung haproxy"],
)
def test_a_node_that_cannot_be_changed_is_named_and_the_others_are_done(
    lab: Lab, operator: Console, breaks: object, mends: object, said: str
) -> None:
    assert callable(breaks)
    assert callable(mends)
    breaks(lab, "edge2")
    try:
        told = operator.run("evacuate", "dc2", "--yes")
    finally:
        mends(lab, "edge2")
    assert told.code == 6, str(told)
    assert weights(lab) == [(50, 0), (50, 50)]
    assert said in told.out + told.err
    assert "50% still go to dc2: 25.0% of all" in told.out
    gone(operator.run("evacuate", "dc2", "--yes", "--json"))
    assert weights(lab) == [(50, 0), (50, 0)]


def test_a_deployment_is_overtaken_and_taken_up_later(lab: Lab, operator: Console) -> None:
    deploying = operator.start("deploy", "1.1.0")
    operator.until(deploying, lambda record: isinstance(record.event, Begun) and record.event.number > 2)
    gone(operator.run("evacuate", "dc2", "--reason", "power", "--yes", "--json"))
    told = deploying.wait()
    assert told.code == 4, str(told)
    assert "power" in told.out + told.err
    run = next(records[0].run for records in operator.runs() if records[0].event.plan.intent.strategy == "rolling")  # type: ignore[union-attr]
    resumed = operator.run("resume", run)
    assert resumed.code == 0, str(resumed)
    assert weights(lab) == [(50, 0), (50, 0)], "a deployment does not bring the site's users back"


def test_of_two_at_once_one_wins(lab: Lab, operator: Console) -> None:
    both = [operator.start("evacuate", site, "--yes") for site in ("dc1", "dc2")]
    told = [one.wait() for one in both]
    assert {one.code for one in told} in ({0, 3}, {0, 4}), [str(one) for one in told]
    left = (0, 50) if told[0].code == 0 else (50, 0)
    assert weights(lab) == [left, left]


def test_too_little_is_left_until_drained_hosts_are_back(lab: Lab, operator: Console) -> None:
    assert operator.run("drain", "dc1-web1", "--yes").code == 0
    operator.set(capacity={"requests_per_host": 61, "headroom": "10%"})  # one carries 55, two 110
    load = control.start(lab, rate=80)
    until(lambda: operator.run("evacuate", "dc2", "--check").code == 3, "all of the load is measured", within=60)
    refused = operator.run("evacuate", "dc2", "--yes")
    gone_after = operator.run("evacuate", "dc2", "--readmit-first", "--reason", "power", "--yes")
    seen = control.stop(load)
    operator.set(capacity={"requests_per_host": 0})
    assert operator.run("plan", "1.1.0").code in {0, 3}
    assert refused.code == 3, str(refused)
    assert "out of service there: dc1-web1" in refused.err
    assert "--readmit-first" in refused.err
    assert gone_after.code == 0, str(gone_after)
    assert [dc2 for _, dc2 in weights(lab)] == [0, 0]
    assert "dc1       2 of 2 in service" in gone_after.out
    assert seen.failed == 0, seen.all
