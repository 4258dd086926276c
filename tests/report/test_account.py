"""The numbers of a run"""

from __future__ import annotations

from deployer.events import Begun, Done, Record
from deployer.report.account import BEGUN, State, account
from deployer.report.text import ending, next_commands
from deployer.world import HostOutcome, Outcome
from tests.report import records
from tests.report.records import WEB1, WEB2


def test_out_of_pool_is_from_drained_to_readmitted() -> None:
    read = account(records.went_well())
    assert dict(read.out_of_pool) == {WEB1: 6.0, WEB2: 6.0}


def test_a_hosts_own_seconds_count_where_the_step_says_them() -> None:
    run = [
        Record(record.seq, record.run, record.at, Done(0, 2, Outcome(hosts=(HostOutcome(WEB1, seconds=0.5),))))
        if isinstance(record.event, Done) and record.event.number == 2
        else record
        for record in records.went_well()
    ]
    assert dict(account(run).out_of_pool)[WEB1] == 7.5


def test_lowest_counts_a_host_out_from_the_moment_its_drain_begins() -> None:
    begun = [Record(9, "r1", records.START + 9, Begun(0, 2))]
    (site,) = account([*records.records(records.HEAD), *begun]).sites
    assert (site.lowest, site.in_service, site.hosts) == (1, 1, 2)


def test_a_run_that_went_back_ends_as_it_began() -> None:
    read = account(records.put_back())
    assert {host.host: (host.release, host.in_service) for host in read.hosts} == {
        WEB1: ("1.0.0", True),
        WEB2: ("1.0.0", True),
    }
    assert [step.number for step in read.failures] == [4]


def test_a_step_that_began_and_never_ended_is_in_doubt() -> None:
    read = account(records.killed())
    assert [step.number for step in read.steps if step.state is State.IN_DOUBT] == [3]
    assert {host.host: host.release for host in read.hosts}[WEB1] is None


def test_while_somebody_is_at_work_nothing_is_in_doubt() -> None:
    read = account(records.killed(), at_work=True)
    assert [step.state for step in read.steps if step.state in BEGUN] == [State.UNDER_WAY]
    assert "in doubt" not in ending(read)
    assert next_commands(read) == (f"deployer logs {read.run} --follow", f"deployer abort {read.run}")
