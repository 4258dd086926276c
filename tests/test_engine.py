"""The engine walks a plan: what a run, a failure, a stop, an abort, a gate and a lost lease lead to"""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.blame import alike
from deployer.errors import Unreachable, UnsafePlan, UsageError
from deployer.events import AbortAsked, End, Failed
from deployer.guard import Guard
from deployer.model import Undo, Verdict
from deployer.steps import Deploy, Drain
from deployer.strategies import by_hand
from deployer.world import Order
from tests.memory import Fault
from tests.runs import all_serve, case, intent, pool, releases


def test_a_release_rolls_over_both_sites_and_every_host_ends_verified() -> None:
    it = case(pool(), intent(pool(), wave=2, floor=2))
    ended = it.run()
    assert (ended.end, ended.note) == (End.DONE, "")
    assert all_serve(it.memory, "1.1")
    assert it.broken() == []
    assert it.told[:2] == ["Planned", "Taken"]
    assert it.told[-1] == "Ended"


def test_done_of_one_step_and_begun_of_the_next_are_one_write() -> None:
    it = case(pool(2, ("dc1",)), intent(pool(2, ("dc1",))))
    it.run()
    steps, legs = len(it.plan.steps), len(it.plan.legs)
    assert it.journal.writes == 1 + steps + legs + 1  # planned, each begun, each leg's last done, ended


def test_a_window_of_three_ends_the_same() -> None:
    it = case(pool(6), intent(pool(6), floor=3, abreast=3))
    assert it.run().end is End.DONE
    assert all_serve(it.memory, "1.1")
    assert it.broken() == []


def test_an_unsafe_plan_is_refused_before_anything_is_written() -> None:
    it = case(pool(2), intent(pool(2), wave=2))
    with pytest.raises(UnsafePlan, match="rule 4: 0 of dc1's hosts would stay in service, the floor is 1"):
        it.run()
    assert it.journal.records == []
    assert it.memory.acts == []


def test_a_failed_wave_is_put_back_and_the_run_says_so() -> None:
    it = case(pool(), intent(pool(), wave=2, floor=2))
    it.memory.bad.add(("dc1-web2", "1.1"))
    ended = it.run()
    assert ended.end is End.PUT_BACK
    assert "dc1-web2: not healthy" in ended.note
    assert all_serve(it.memory, "1.0")
    assert it.broken() == []


def test_stage_policy_leaves_earlier_waves_on_the_new_release_and_says_half_way() -> None:
    it = case(pool(), intent(pool(), wave=1, floor=2))
    it.memory.bad.add(("dc2-web1", "1.1"))
    ended = it.run()
    assert ended.end is End.HALF_WAY
    assert ended.remedy == "deployer undo r1 --all"
    assert "dc1-web1, dc1-web2, dc1-web3, dc1-web4 are in service with 1.1, formerly in service with 1.0" in ended.note
    assert releases(it.memory)["dc2-web1"] == "1.0"
    assert it.broken() == []
    assert it.undo().end is End.PUT_BACK
    assert all_serve(it.memory, "1.0")


@pytest.mark.parametrize(("scope", "new"), [(Undo.STAGE, 5), (Undo.SITE, 4), (Undo.ALL, 0), (Undo.NONE, 5)], ids=str)
def test_how_far_the_policy_goes_back(scope: Undo, new: int) -> None:
    it = case(pool(), intent(pool(), floor=2, undo=scope))
    it.memory.faults.append(Fault("deploy", "before", frozenset({"dc2-web2"}), line=0))
    ended = it.run()
    assert list(releases(it.memory).values()).count("1.1") == new
    assert ended.end is (End.PUT_BACK if scope is Undo.ALL else End.HALF_WAY)
    assert it.broken() == []


def test_without_undo_the_repaired_run_is_resumed_forward() -> None:
    it = case(pool(), intent(pool(), undo=Undo.NONE))
    it.memory.faults.append(Fault("deploy", "before", frozenset({"dc1-web3"}), times=1))
    ended = it.run()
    assert ended.end is End.HALF_WAY
    assert ended.remedy == "deployer resume r1, or deployer undo r1 --all"
    assert it.resume().end is End.DONE
    assert all_serve(it.memory, "1.1")


def test_a_plan_without_steps_is_done_at_once() -> None:
    memory = pool()
    for host in memory.hosts.values():
        host.running = host.link = "1.1"
    assert case(memory, intent(memory)).run().end is End.DONE


def test_the_first_pull_ends_the_step_and_resume_goes_on_without_repeating_it() -> None:
    it = case(pool(), intent(pool(), floor=2))
    it.memory.on_act = lambda n, _step, _order: it.brake.pull() if n == 4 else None
    ended = it.run()
    assert (ended.end, ended.remedy) == (End.STOPPED, "deployer resume r1")
    acts = len(it.memory.acts)
    it.memory.on_act = lambda *_: None
    assert it.resume().end is End.DONE
    assert all_serve(it.memory, "1.1")
    again = [act for act in it.memory.acts[acts:] if act in it.memory.acts[:acts]]
    assert all(what == "verify" for _, what in again)
    assert it.broken() == []


def test_a_verb_that_gives_up_because_of_the_brake_is_a_stop_and_not_a_failure() -> None:
    it = case(pool(), intent(pool()))
    it.memory.faults.append(Fault("drain", "after", times=1))
    it.memory.on_act = lambda n, step, _order: it.brake.pull() if isinstance(step, Drain) and n == 2 else None
    ended = it.run()
    assert ended.end is End.STOPPED
    assert "drain broke after acting" in ended.note
    assert not any(isinstance(record.event, Failed) for record in it.journal.records)
    assert it.resume().end is End.DONE


def test_abort_while_draining_goes_all_the_way_back() -> None:
    it = case(pool(), intent(pool()))
    it.memory.faults.append(Fault("drain", "after", frozenset({"dc1-web3"}), times=1))

    def ask(_n: int, step: object, _order: object) -> None:
        if isinstance(step, Drain) and step.hosts == ("dc1-web3",):
            it.journal.append("r1", AbortAsked("bob", "wrong release"), epoch=None)

    it.memory.on_act = ask
    ended = it.run()
    assert ended.end is End.PUT_BACK
    assert ended.note.startswith("bob asked to abort: wrong release")
    assert all_serve(it.memory, "1.0")
    assert it.broken() == []


def test_an_abort_between_two_of_our_own_records_is_not_missed() -> None:
    it = case(pool(2, ("dc1",)), intent(pool(2, ("dc1",))))

    def ask(n: int) -> None:
        if n == 3:
            it.journal.append("r1", AbortAsked("bob"), epoch=None)

    it.journal.on_write = ask
    assert it.run().end is End.PUT_BACK


def test_a_gate_that_fails_puts_its_stage_back() -> None:
    it = case(pool(), intent(pool(), asks=True))
    it.memory.verdicts["waves"] = [Verdict.FAIL]
    ended = it.run()
    assert ended.end is End.PUT_BACK
    assert ended.note == "gate waves: it says fail"
    assert all_serve(it.memory, "1.0")


def test_an_inconclusive_gate_waits_and_is_asked_again_by_resume() -> None:
    it = case(pool(), intent(pool(), asks=True))
    it.memory.verdicts["sites"] = [Verdict.INCONCLUSIVE]
    ended = it.run()
    assert (ended.end, ended.remedy) == (End.WAITING, "deployer approve r1 --reason TEXT, or deployer resume r1")
    assert it.resume().end is End.DONE
    assert all_serve(it.memory, "1.1")
    assert it.broken() == []


def test_an_overtaken_run_is_suspended_acts_no_more_and_writes_no_more() -> None:
    it = case(pool(), intent(pool()))

    def overtake(n: int, _step: object, _order: object) -> None:
        if n == 6:
            it.journal.epoch += 1

    it.memory.on_act = overtake
    engine = it.engine()
    ended = engine.run("r1", it.plan, it.picture)
    assert (ended.end, len(it.memory.acts)) == (End.SUSPENDED, 6)
    assert "Ended" not in it.told
    it.memory.on_act = lambda *_: None
    assert it.resume().end is End.DONE


def test_a_lost_lease_stops_before_the_next_step() -> None:
    it = case(pool(), intent(pool()))
    it.memory.on_act = lambda n, _step, _order: it.brake.lose("no heartbeat for 30 s") if n == 3 else None
    ended = it.run()
    assert (ended.end, ended.note) == (End.SUSPENDED, "no heartbeat for 30 s")
    assert len(it.memory.acts) == 3


def test_the_second_pull_returns_while_the_step_is_still_under_way() -> None:
    from threading import Event

    it = case(pool(), intent(pool()))
    free = Event()

    def hang(n: int, _step: object, _order: object) -> None:
        if n == 3:
            it.brake.pull()
            it.brake.pull()
            free.wait(20)

    it.memory.on_act = hang
    ended = it.run()
    free.set()
    assert ended.end is End.STOPPED
    assert "in doubt" in ended.note


def test_somebody_puts_a_drained_host_back_and_it_is_not_deployed_to() -> None:
    it = case(pool(), intent(pool()))

    def meddle() -> None:
        host = it.memory.hosts["dc1-web2"]
        if not host.file and host.running == "1.0" and it.memory.acts[-1] == ("0-6", "drain"):
            it.memory.put_back(host.name)

    it.memory.on_look = meddle
    ended = it.run()
    assert ended.end is End.HALF_WAY
    assert "rule 1: dc1-web2 may still receive requests" in ended.note
    assert releases(it.memory)["dc1-web2"] == "1.0"
    assert it.broken() == []


def test_a_balancer_that_does_not_answer_is_unknown_and_not_down() -> None:
    memory = pool()
    memory.silent.add("dc1/lb2")
    it = case(memory, intent(memory, wave=4))
    with pytest.raises(UnsafePlan, match="rule 4: 0 of dc1's hosts"):
        it.run()


def test_a_balancer_that_falls_silent_halfway_stops_the_run_and_nobody_is_deployed_to() -> None:
    it = case(pool(), intent(pool()))

    def fall(n: int, step: object, _order: object) -> None:
        if isinstance(step, Drain) and step.hosts == ("dc1-web2",):
            it.memory.silent.add("dc1/lb2")

    it.memory.on_act = fall
    ended = it.run()
    assert ended.end is End.HALF_WAY
    assert releases(it.memory)["dc1-web2"] == "1.0"
    assert it.broken() == []
    it.memory.silent.clear()
    it.memory.on_act = lambda *_: None
    assert it.undo().end is End.PUT_BACK
    assert all_serve(it.memory, "1.0")


def test_a_host_within_the_budget_is_left_out_and_the_run_goes_on() -> None:
    it = case(pool(), intent(pool(), wave=2, floor=1, budget=1))
    it.memory.bad.add(("dc1-web3", "1.1"))
    ended = it.run()
    assert ended.end is End.DONE
    assert "dc1-web3 is left out, out of service with 1.1 (verify: not healthy)" in ended.note
    assert not it.memory.hosts["dc1-web3"].in_service
    assert it.broken() == []


def test_hosts_that_fail_the_same_way_mean_a_bad_release_within_the_budget_too() -> None:
    wanted = replace(intent(pool(6), floor=1, budget=5, undo=Undo.ALL), bad_release_after=3)
    it = case(pool(6), wanted)
    it.memory.bad |= {("dc1-web1", "1.1"), ("dc1-web3", "1.1"), ("dc1-web4", "1.1")}
    ended = it.run()
    assert ended.end is End.PUT_BACK
    assert "dc1-web1, dc1-web3, dc1-web4 failed the same way: it is the release, not the hosts" in ended.note
    assert ("dc1-web5", "1.1") not in {(moment.host, moment.release) for moment in it.memory.history}
    assert all_serve(it.memory, "1.0")


def test_hosts_that_fail_each_in_its_own_way_are_the_hosts_fault() -> None:
    held = {"web1": "verify: /healthz answers 503: no database at 10.0.0.1", "web2": "verify: not 1.1 but 1.0"}
    assert alike(held, ["web3"], "verify: /healthz answers 503: no database at 10.0.0.7") == ("web1", "web3")
    assert alike(held, ["web3"], "deploy: no space") == ("web3",)
    assert alike(held, ["web3", "web4"], "verify: not 2.1 but 2.0; not 2.2 but 2.0") == ("web2", "web3", "web4")


def test_a_second_bad_host_is_over_the_budget_also_when_two_lanes_find_it_together() -> None:
    it = case(pool(6), intent(pool(6), abreast=3, budget=1, floor=1, undo=Undo.ALL))
    it.memory.bad |= {("dc1-web1", "1.1"), ("dc1-web2", "1.1")}
    ended = it.run()
    assert ended.end is End.PUT_BACK
    assert all_serve(it.memory, "1.0")
    assert it.broken() == []


def test_who_cannot_fetch_stays_as_it_was() -> None:
    it = case(pool(), intent(pool(), budget=1))
    it.memory.faults.append(Fault("fetch", "hosts", frozenset({"dc2-web1"})))
    ended = it.run()
    assert ended.end is End.DONE
    assert "dc2-web1 is left out, in service with 1.0 (fetch: fetch broke)" in ended.note
    assert it.memory.hosts["dc2-web1"].in_service


@pytest.mark.parametrize("raising", [False, True])
@pytest.mark.parametrize("victim", ["dc1-web1", "dc1-web2"])
def test_a_dead_host_does_not_keep_its_neighbours_out_on_the_way_back(victim: str, raising: bool) -> None:
    it = case(pool(), intent(pool(), wave=2))
    it.memory.raising = raising

    def die(_n: int, step: object, _order: object) -> None:
        if isinstance(step, Deploy) and victim in step.hosts and it.memory.hosts[victim].alive:
            it.memory.die(victim)

    it.memory.on_act = die
    ended = it.run()
    assert ended.end is End.HALF_WAY
    assert f"{victim}: drain: does not answer" in ended.note
    (other,) = {"dc1-web1", "dc1-web2"} - {victim}
    assert it.memory.hosts[other].in_service
    assert releases(it.memory)[other] == "1.0"
    assert it.broken() == []


def test_a_host_that_nobody_planned_for_and_changed_is_told() -> None:
    it = case(pool(), intent(pool(), only=("dc1-web1",)))
    it.memory.on_act = lambda n, _step, _order: it.memory.die("dc2-web4") if n == 2 else None
    ended = it.run()
    assert ended.end is End.DONE
    assert "dc2-web4 is out of service" in ended.note


def test_a_look_that_fails_in_the_end_is_repeated() -> None:
    it = case(pool(2, ("dc1",)), intent(pool(2, ("dc1",))))

    def blind(n: int, _step: object, _order: object) -> None:
        if n == len(it.plan.steps):
            it.memory.blind = 2

    it.memory.on_act = blind
    assert it.run().end is End.DONE


def test_when_nobody_can_look_the_run_says_that_it_does_not_know() -> None:
    it = case(pool(2, ("dc1",)), intent(pool(2, ("dc1",))))
    it.memory.on_act = lambda n, _step, _order: setattr(it.memory, "blind", 9 if n == len(it.plan.steps) else 0)
    ended = it.run()
    assert ended.end is End.HALF_WAY
    assert "how it ended is not known, looking failed: dc1: nobody answers" in ended.note
    it.memory.blind = 1
    with pytest.raises(Unreachable):
        it.resume()
    assert it.resume().end is End.DONE


def test_a_host_that_cannot_be_put_back_does_not_keep_the_rest_from_going_back() -> None:
    it = case(pool(), intent(pool(), floor=2, undo=Undo.ALL))
    it.memory.faults.append(Fault("deploy", "hosts", frozenset({"dc2-web2"})))
    ended = it.run()
    assert ended.end is End.HALF_WAY
    assert "dc2-web2: deploy: deploy broke; dc2-web2 is out of service with 1.0" in ended.note
    assert all(release == "1.0" for release in releases(it.memory).values())
    assert sum(host.in_service for host in it.memory.hosts.values()) == 7


def test_a_release_before_that_nowhere_works_stops_the_way_back_at_the_first_good_host() -> None:
    it = case(pool(), intent(pool(), floor=1, undo=Undo.ALL))
    it.memory.bad |= {(host, "1.0") for host in it.memory.hosts} | {("dc2-web2", "1.1")}
    ended = it.run()
    assert ended.end is End.HALF_WAY
    assert "then the way back failed" in ended.note
    assert sum(host.in_service for host in it.memory.hosts.values()) == 6  # dc2-web2 and the one that was tried
    assert it.broken() == []


def test_resume_and_undo_know_which_runs_there_are() -> None:
    it = case(pool(), intent(pool()))
    with pytest.raises(UsageError, match="there is no run r1"):
        it.resume()
    it.run()
    with pytest.raises(UsageError, match="run r1 has ended: done"):
        it.resume()


def test_drain_and_readmit_by_hand_and_their_undo() -> None:
    memory = pool()
    out = case(memory, intent(memory, only=("dc1-web1", "dc2-web2"), floor=3), by_hand.drain)
    assert out.run().end is End.DONE
    assert not memory.hosts["dc1-web1"].in_service
    back = case(memory, intent(memory, only=("dc1-web1",)), by_hand.readmit)
    assert back.run().end is End.DONE
    assert memory.hosts["dc1-web1"].in_service
    assert back.undo().end is End.PUT_BACK
    assert not memory.hosts["dc1-web1"].in_service
    assert back.broken() == []


def test_a_leg_may_say_how_far_to_go_back_when_it_fails() -> None:
    it = case(pool(), intent(pool(), floor=2, undo=Undo.ALL))
    legs = (*it.plan.legs[:-1], replace(it.plan.legs[-1], undo=Undo.STAGE))
    it.plan = replace(it.plan, legs=legs)
    it.memory.bad.add(("dc2-web2", "1.1"))
    assert it.run().end is End.HALF_WAY
    assert list(releases(it.memory).values()).count("1.1") == 5


def test_what_was_prepared_and_not_used_is_forgotten() -> None:
    it = case(pool(), intent(pool()))
    it.memory.faults.append(Fault("drain", "before", times=1))
    assert it.run().end is End.PUT_BACK
    assert it.memory.prepared == set()


def test_a_killed_orchestrator_s_leftovers_are_settled_before_anything_is_done() -> None:
    it = case(pool(), intent(pool()))
    it.memory.on_act = lambda n, _step, _order: it.brake.pull() if n == 3 else None
    it.run()
    it.memory.on_act = lambda *_: None
    it.resume()
    assert it.memory.settled == ["r1"]


def test_a_host_that_left_the_inventory_is_named() -> None:
    it = case(pool(), intent(pool()))
    it.memory.on_act = lambda n, _step, _order: it.brake.pull() if n == 3 else None
    it.run()
    del it.memory.hosts["dc2-web4"]
    it.memory.on_act = lambda *_: None
    ended = it.resume()
    assert ended.end is End.HALF_WAY
    assert "dc2: dc2-web4 not in the inventory any more" in ended.note


def test_resume_finishes_the_way_back_it_was_stopped_on() -> None:
    it = case(pool(), intent(pool(), undo=Undo.ALL))
    it.memory.bad.add(("dc1-web3", "1.1"))
    it.memory.on_act = lambda n, _step, order: it.brake.pull() if order.step == "1-6" else None
    assert it.run().end is End.STOPPED
    assert it.progress.line == 1
    it.memory.on_act = lambda *_: None
    ended = it.resume()
    assert (ended.end, ended.note) == (End.PUT_BACK, "dc1-web3: not healthy")
    assert all_serve(it.memory, "1.0")
    assert it.broken() == []


def test_a_store_that_does_not_answer_while_a_verb_waits_does_not_disturb_it() -> None:
    it = case(pool(), intent(pool()))
    asked: list[bool] = []

    def wait(n: int, _step: object, order: Order) -> None:
        it.journal.unread = n == 2
        asked.append(order.stopping())
        it.journal.unread = False

    it.memory.on_act = wait
    assert it.run().end is End.DONE
    assert not any(asked)


def test_what_was_prepared_for_hosts_that_were_all_left_out_is_forgotten_too() -> None:
    it = case(pool(), intent(pool()))
    it.memory.faults.append(Fault("verify", "before", line=0))
    it.memory.faults.append(Fault("drain", "hosts", frozenset({"dc1-web1"}), line=1))
    assert it.run().end is End.HALF_WAY
    assert it.broken() == []


def test_a_host_put_back_during_a_pause_is_drained_again_before_it_is_deployed_to() -> None:
    it = case(pool(), intent(pool()))
    it.memory.on_act = lambda n, _step, _order: it.brake.pull() if n == 2 else None
    assert it.run().end is End.STOPPED
    it.memory.on_act = lambda *_: None
    it.memory.put_back("dc1-web1")
    assert it.resume().end is End.DONE
    assert it.memory.acts.count(("0-2", "drain")) == 2
    assert it.broken() == []


def test_a_verb_that_waits_hears_of_an_abort() -> None:
    it = case(pool(), intent(pool()))
    heard: list[bool] = []

    def ask(n: int, _step: object, order: Order) -> None:
        if n == 2:
            it.journal.append("r1", AbortAsked("bob"), epoch=None)
            heard.append(order.stopping())

    it.memory.on_act = ask
    assert it.run().end is End.PUT_BACK
    assert heard == [True]


def test_a_host_left_out_that_somebody_puts_in_unverified_is_not_passed_over() -> None:
    it = case(pool(), intent(pool(), budget=1))
    it.memory.faults.append(Fault("verify", "hosts", frozenset({"dc1-web3"})))
    it.memory.on_act = lambda n, _step, _order: it.memory.put_back("dc1-web3") if n == 16 else None
    ended = it.run()
    assert ended.end is End.HALF_WAY
    assert "dc1-web3 is left out, in service with 1.1" in ended.note


def test_hosts_on_their_way_out_in_one_lane_are_gone_for_the_others() -> None:
    memory = pool(4, ("dc1",))
    eyes = memory.world().eyes
    guard = Guard(eyes, eyes.look(), intent(memory, floor=3))
    guard.check(Drain("dc1", ("dc1-web1",)))
    with pytest.raises(UnsafePlan, match="rule 4"):
        guard.check(Drain("dc1", ("dc1-web2",)))
