"""The way back as a plan: what is touched, in which order, and what cannot be put back"""

from __future__ import annotations

import pytest

from deployer.events import Begun, End
from deployer.model import WHOLE, Intent, Picture, Release, Split, Undo
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Deploy, Drain, Readmit, Shift, Step, Verify, verb
from deployer.undo import WayBack, in_doubt, way_back
from tests.memory import Fault
from tests.runs import Case, all_serve, case, intent, pool

BLUE, GREEN = Split((("1.0", WHOLE),)), Split((("1.0", 5_000), ("1.1", 5_000)))


def stopped(it: Case, acts: int) -> Case:
    it.memory.on_act = lambda n, _step, _order: it.brake.pull() if n == acts else None
    it.run()
    it.memory.on_act = lambda *_: None
    return it


def back(it: Case, scope: Undo = Undo.ALL) -> WayBack:
    return way_back(it.progress, scope, it.memory.world().eyes.look())


def said(steps: tuple[Step, ...]) -> list[str]:
    return [f"{verb(step)} {' '.join(getattr(step, 'hosts', ()))}".strip() for step in steps]


def test_only_drained_hosts_are_verified_and_return_without_a_restart() -> None:
    it = stopped(case(pool(2, ("dc1",)), intent(pool(2, ("dc1",)))), 2)
    assert said(back(it).plan.steps) == ["verify dc1-web1", "readmit dc1-web1"]


def test_changed_hosts_are_drained_deployed_verified_and_return_in_reverse_waves() -> None:
    it = case(pool(3, ("dc1",)), intent(pool(3, ("dc1",))))
    stopped(it, 8)
    assert said(back(it).plan.steps) == [
        *("drain dc1-web2", "deploy dc1-web2", "verify dc1-web2", "readmit dc1-web2"),
        *("drain dc1-web1", "deploy dc1-web1", "verify dc1-web1", "readmit dc1-web1"),
    ]
    assert {step.release.version for step in back(it).plan.steps if isinstance(step, Deploy)} == {"1.0"}


def test_readmit_is_not_undone_for_hosts_that_served_before() -> None:
    """A trap of an earlier trial: the undo of Readmit must not drain them."""
    it = case(pool(3, ("dc1",)), intent(pool(3, ("dc1",))))
    it.memory.hosts["dc1-web3"].file = False
    it = stopped(case(it.memory, intent(it.memory)), 5)
    assert said(back(it).plan.steps) == ["drain dc1-web3", "deploy dc1-web3"]  # it was out, and stays out


def test_what_is_as_before_is_left_alone_unless_in_doubt() -> None:
    it = case(pool(3, ("dc1",)), intent(pool(3, ("dc1",)), undo=Undo.NONE))
    it.memory.faults.append(Fault("drain", "before", frozenset({"dc1-web1"})))
    ended = it.run()
    assert ended.end is End.HALF_WAY
    assert "dc1-web1 is perhaps not as it looks" in ended.note
    assert in_doubt(it.progress) == {"dc1-web1"}
    assert said(back(it).plan.steps) == ["verify dc1-web1", "readmit dc1-web1"]
    it.memory.faults.clear()
    assert it.undo().end is End.PUT_BACK
    assert in_doubt(it.progress) == set()
    assert back(it) == WayBack(Plan(it.plan.intent, ()), ())


def test_a_link_that_was_switched_without_restart_is_switched_back_also_on_a_host_that_was_out() -> None:
    it = case(pool(3, ("dc1",)), intent(pool(3, ("dc1",))))
    it.memory.hosts["dc1-web3"].file = False
    it = case(it.memory, intent(it.memory))
    it.memory.faults.append(Fault("deploy", "half", line=0))
    assert it.run().end is End.PUT_BACK
    assert it.memory.start() == it.before.start()


def test_a_drain_that_failed_with_slow_balancers_is_taken_back_although_nothing_is_to_be_seen() -> None:
    it = case(pool(3, ("dc1",)), intent(pool(3, ("dc1",))))
    it.memory.faults.append(Fault("drain", "late", line=0))
    assert it.run().end is End.PUT_BACK
    assert all_serve(it.memory, "1.0")


def test_hosts_of_different_releases_go_back_to_their_own() -> None:
    memory = pool(4, ("dc1",))
    for name in ("dc1-web2", "dc1-web3"):
        memory.hosts[name].running = memory.hosts[name].link = "0.9"
        memory.hosts[name].fetched.add("0.9")
    it = case(memory, intent(memory, wave=2))
    it.run()
    assert it.undo().end is End.PUT_BACK
    assert it.memory.start() == it.before.start()
    assert it.broken() == []


def test_an_irreversible_release_stays_and_that_is_said() -> None:
    it = case(pool(2, ("dc1",)), intent(pool(2, ("dc1",)), release=Release("1.1", irreversible=True)))
    it.memory.bad.add(("dc1-web2", "1.1"))
    ended = it.run()
    assert ended.end is End.HALF_WAY
    assert "dc1-web2: 1.1 is irreversible, it stays" in ended.note
    assert ended.remedy.startswith("deployer resume r1")
    it.memory.bad.clear()
    it.memory.hosts["dc1-web2"].healthy = True
    assert it.resume().end is End.DONE


def test_a_host_whose_release_was_not_known_is_at_least_taken_out_again() -> None:
    memory = pool(3, ("dc1",))
    host = memory.hosts["dc1-web3"]
    host.healthy, host.running = False, None
    it = case(memory, intent(memory))
    assert it.run().end is End.DONE
    ended = it.undo()
    assert ended.end is End.HALF_WAY
    assert "dc1-web3: which release it ran before is not known" in ended.note
    assert not host.in_service


@pytest.mark.parametrize(("scope", "hosts"), [(Undo.STAGE, 1), (Undo.SITE, 2), (Undo.ALL, 6), (Undo.NONE, 0)])
def test_how_far(scope: Undo, hosts: int) -> None:
    it = stopped(case(pool(4), intent(pool(4))), 1 + 4 * 4 + 4 + 3)
    drained = {host for step in back(it, scope).plan.steps if isinstance(step, Drain) for host in step.hosts}
    assert len(drained) == hosts


def test_a_site_refused_at_its_first_host_does_not_take_the_other_site_back() -> None:
    it = case(pool(3), intent(pool(3), floor=2, undo=Undo.SITE))
    it.memory.on_act = lambda n, _step, _order: it.memory.die("dc2-web3") if n == 13 else None
    ended = it.run()
    assert ended.end is End.HALF_WAY
    assert "rule 4" in ended.note
    assert it.progress.line == 0
    assert [host.running for host in it.memory.hosts.values()][:3] == ["1.1"] * 3


def shifting(wanted: Intent, picture: Picture) -> Plan:
    """One host on the new release, then half the users, then everybody; made by hand to see shifts go back."""
    new, host = wanted.release, ("dc1-web1",)
    wave = (Drain("dc1", host), Deploy("dc1", host, new), Verify("dc1", host, new), Readmit("dc1", host, new))
    more = Shift("dc1", Split((("1.0", 2_500), ("1.1", 7_500))))
    stages = (Stage("wave", "dc1", wave), Stage("half", "dc1", (Shift("dc1", GREEN),)), Stage("most", "dc1", (more,)))
    return Plan(wanted, (Leg("dc1", "dc1", stages),))


def shifted() -> Case:
    memory = pool(2, ("dc1",))
    memory.splits["dc1"] = BLUE
    memory.hosts["dc1-web1"].fetched.add("1.1")
    return case(memory, intent(memory), shifting)


def test_users_go_back_first_in_one_shift_and_hosts_later() -> None:
    it = shifted()
    assert it.run().end is End.DONE
    steps = back(it).plan.steps
    assert steps[0] == Shift("dc1", BLUE, retreat=True)
    assert [type(step) for step in steps[1:]] == [Drain, Deploy, Verify, Readmit]
    assert it.undo().end is End.PUT_BACK
    assert it.memory.splits["dc1"] == BLUE
    assert back(it).plan.legs == ()


def test_users_wait_for_hosts_where_nobody_is_left_to_serve_them() -> None:
    it = shifted()
    it.run()
    it.memory.hosts["dc1-web2"].running = "1.1"
    assert [leg.name for leg in back(it).plan.legs] == ["undo wave", "users back in the end"]
    assert back(it).plan.steps[-1] == Shift("dc1", BLUE, retreat=True)


def test_a_shift_in_doubt_is_shifted_back_to_what_was_written_down() -> None:
    it = shifted()
    it.memory.faults.append(Fault("shift", "before", times=1))
    ended = it.run()
    assert ended.end is End.HALF_WAY  # the stage before stays, as the policy says
    assert it.memory.splits["dc1"] == BLUE
    begun = [record.event for record in it.journal.records if isinstance(record.event, Begun) and record.event.split]
    assert begun[0].split == BLUE
    assert Shift("dc1", BLUE, retreat=True) in it.progress.lines[1].steps
    assert it.undo().end is End.PUT_BACK
    assert it.memory.start() == it.before.start()


def test_a_host_in_doubt_does_not_count_for_the_floor_though_balancers_still_show_it() -> None:
    it = case(pool(4, ("dc1",)), intent(pool(4, ("dc1",)), floor=3, undo=Undo.ALL))
    it.memory.faults.append(Fault("drain", "late", frozenset({"dc1-web2"}), line=0))
    it.memory.faults.append(Fault("readmit", "hosts", frozenset({"dc1-web2"}), line=1))
    ended = it.run()
    assert ended.end is End.HALF_WAY
    assert "rule 4" in ended.note
    assert it.memory.hosts["dc1-web1"].in_service
    assert it.broken() == []
