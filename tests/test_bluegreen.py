"""Blue-green: nobody is sent to a colour that is not ready, everybody moves in one act, and back in one"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.errors import Refused, UnsafePlan
from deployer.events import Approved, End
from deployer.lineage import lineage
from deployer.model import WHOLE, Gating, Intent, Ladder, Picture, Release, Split, Switch, Undo, Verdict
from deployer.progress import waiting_at
from deployer.safety import prove
from deployer.steps import Ask, Deploy, Drain, Readmit, Shift, Verify
from deployer.strategies import bluegreen, rollback
from deployer.warm import refuse_warm
from tests.memory import Fault, Memory
from tests.runs import NEW, Case, case, intent, pool
from tests.test_canary import Watch, halves

OLD = "1.0"
SITES = ("dc1", "dc2")
WHEN = st.sampled_from(["before", "after"])
SETTINGS = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def colours(size: int = 2, *, live: str = "a", standby: str = "0.9", warm: bool = True) -> Memory:
    """Blue serves 1.0; green is as large, in the other half, with the release before or out of service."""
    memory = halves(2 * size, slot=live)
    for host in memory.hosts.values():
        if int(host.name.rpartition("web")[2]) > size:
            host.slot, host.running, host.link, host.file = "b" if live == "a" else "a", standby, standby, warm
            host.fetched.add(standby)
    return memory


def wanted(memory: Memory, floor: int = 2, *, ladder: Ladder | None = None, **how: Any) -> Intent:
    switch = Switch(60, colours=() if how.pop("unnamed", False) else _named(memory), **how)
    return replace(intent(memory, 1, floor, undo=Undo.ALL), strategy="bluegreen", wave={}, switch=switch, ladder=ladder)


def _named(memory: Memory) -> tuple[tuple[str, tuple[str, ...]], ...]:
    half = len(memory.hosts) // 4
    first = [name for name in memory.hosts if int(name.rpartition("web")[2]) <= half]
    return (("blue", tuple(first)), ("green", tuple(name for name in memory.hosts if name not in first)))


def watched(memory: Memory, floor: int = 2, **how: Any) -> tuple[Case, Watch]:
    it = case(memory, wanted(memory, floor, **how), bluegreen.plan)
    return it, Watch(it)


def all_are_on(memory: Memory, release: str) -> bool:
    return all(memory.splits[site].of(release) == WHOLE for site in SITES)


@pytest.mark.parametrize("live", ["a", "b"])
@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize("how", [{}, {"unnamed": True}, {"together": True}])
def test_the_standby_takes_the_release_and_then_everybody_moves(live: str, warm: bool, how: dict[str, bool]) -> None:
    it, watch = watched(colours(live=live, warm=warm), **how)
    prove(it.plan, it.picture)
    blue = {name for name, host in it.memory.hosts.items() if host.slot == live}
    assert it.run().end is End.DONE
    assert all_are_on(it.memory, NEW.version)
    assert not watch.wrong
    assert not it.broken()
    touched = {host for step in it.plan.steps if isinstance(step, Drain | Deploy | Readmit) for host in step.hosts}
    assert not touched & blue, "the old colour is left as it is"
    assert {step.slot for step in it.plan.steps if isinstance(step, Readmit)} == {"b" if live == "a" else "a"}


def test_everybody_moves_in_one_act_site_by_site_with_a_gate_between() -> None:
    it, _ = watched(colours())
    moving = [step for step in it.plan.steps if isinstance(step, Ask | Shift)][2:]
    assert [type(step) for step in moving] == [Shift, Ask, Shift, Ask]
    assert [step.scope for step in moving if isinstance(step, Shift)] == ["dc1", "dc2"]
    it, _ = watched(colours(), together=True)
    moving = [step for step in it.plan.steps if isinstance(step, Ask | Shift)][2:]
    assert [type(step) for step in moving] == [Shift, Shift, Ask]


def test_the_first_switch_takes_green_where_both_colours_serve() -> None:
    it, watch = watched(halves(4))
    assert it.run().end is End.DONE
    assert all_are_on(it.memory, NEW.version)
    assert {name for name, host in it.memory.hosts.items() if host.slot == "b"} == set(_named(it.memory)[1][1])
    assert not watch.wrong
    assert not it.broken()


def test_a_standby_that_has_the_release_proves_itself_again_and_is_not_changed() -> None:
    it, watch = watched(colours(standby=NEW.version))
    steps = [step for step in it.plan.steps if isinstance(step, Drain | Deploy | Verify | Readmit)]
    assert [type(step) for step in steps] == [Verify, Readmit] * 2
    assert it.run().end is End.DONE
    assert all_are_on(it.memory, NEW.version)
    assert not watch.wrong
    it.memory.hosts["dc1-web3"].healthy = False
    sick = case(it.memory, wanted(it.memory), bluegreen.plan)
    assert not sick.plan.legs, "users are there already"


def test_a_standby_that_went_bad_meanwhile_takes_nobody() -> None:
    memory = colours(standby=NEW.version)
    it, _ = watched(memory)
    memory.bad.add(("dc2-web4", NEW.version))
    memory.faults.append(Fault("verify", "hosts", hosts=frozenset({"dc2-web4"}), line=0))
    assert it.run().end is End.PUT_BACK
    assert all_are_on(memory, OLD)


def test_colours_take_turns() -> None:
    memory = colours()
    first, _ = watched(memory)
    assert first.run().end is End.DONE
    for host in memory.hosts.values():
        host.fetched.add("1.2")
    again = replace(wanted(memory), release=Release("1.2"))
    second = case(memory, again, bluegreen.plan)
    assert {host for step in second.plan.steps if isinstance(step, Deploy) for host in step.hosts} == set(
        _named(memory)[0][1]
    )
    assert second.run().end is End.DONE
    assert all_are_on(memory, "1.2")
    assert not second.broken()


def test_undo_moves_users_first_and_in_one_act() -> None:
    it, watch = watched(colours())
    start, splits = it.memory.start(), dict(it.memory.splits)
    assert it.run().end is End.DONE
    count = len(it.memory.acts)
    assert it.undo().end is End.PUT_BACK
    back = [verb for _, verb in it.memory.acts[count:]]
    assert back[:2] == ["shift", "shift"], "one for each site"
    assert "shift" not in back[2:]
    assert it.memory.start() == start
    assert it.memory.splits == splits
    assert not watch.wrong
    assert not it.broken()


def test_a_site_that_cannot_be_told_holds_up_no_other() -> None:
    """Users of the other sites are back all the same; the run says who is not."""
    for stuck, other in (("1-1", "dc2"), ("1-2", "dc1")):
        it, _ = watched(colours())
        assert it.run().end is End.DONE
        it.memory.faults.append(Fault("shift", "before", step=stuck))
        assert it.undo().end is End.HALF_WAY
        assert it.memory.splits[other].of(OLD) == WHOLE
        it.memory.faults.clear()
        assert it.resume().end is End.PUT_BACK


def test_rolling_back_to_the_warm_colour_changes_no_host() -> None:
    it, _ = watched(colours())
    assert it.run().end is End.DONE
    home = case(it.memory, replace(intent(it.memory, 4, 2, release=Release(OLD)), strategy="rollback"), rollback.plan)
    assert [type(step) for step in home.plan.steps] == [Shift, Shift]
    prove(home.plan, home.picture)
    assert home.run().end is End.DONE
    assert all_are_on(it.memory, OLD)
    assert lineage([it.progress]).versions == (OLD, NEW.version)
    assert lineage([it.progress, home.progress]).versions == (OLD,), "a second rollback does not go forward again"


def test_where_the_warm_colour_is_gone_hosts_are_rolled_back_in_the_live_half() -> None:
    it, _ = watched(colours())
    assert it.run().end is End.DONE
    it.memory.hosts["dc1-web1"].file = it.memory.hosts["dc1-web2"].file = False
    home = case(it.memory, replace(intent(it.memory, 4, 1, release=Release(OLD)), strategy="rollback"), rollback.plan)
    assert home.run().end is End.DONE
    assert all_are_on(it.memory, OLD)
    assert {host.slot for host in it.memory.hosts.values() if host.site == "dc1" and host.in_service} == {"b"}
    assert not home.broken()


def test_a_person_is_asked_before_anybody_moves() -> None:
    it, _ = watched(colours(), person=True)
    it.memory.verdicts["person"] = [Verdict.INCONCLUSIVE]
    assert it.run().end is End.WAITING
    assert all_are_on(it.memory, OLD)
    it.revive()
    assert it.engine().promote("r1", Approved(0, waiting_at(it.progress).number, "ann")).end is End.DONE
    assert all_are_on(it.memory, NEW.version)


def test_a_bad_verdict_at_the_second_site_takes_both_back() -> None:
    it, watch = watched(colours())
    start = it.memory.start()
    it.memory.verdicts["bake"] = [Verdict.PASS, Verdict.FAIL]
    assert it.run().end is End.PUT_BACK
    assert it.memory.start() == start
    assert all_are_on(it.memory, OLD)
    assert not watch.wrong


def test_a_ladder_on_the_standby_has_its_full_size_from_the_first_step() -> None:
    it, watch = watched(colours(3), ladder=Ladder((100, 5000, WHOLE), 60), together=True)
    shares = [step.split.of(NEW.version) for step in it.plan.steps if isinstance(step, Shift)]
    assert shares == [0, 0, 100, 100, 5000, 5000, WHOLE, WHOLE]
    first = next(n for n, step in enumerate(it.plan.steps) if isinstance(step, Shift) and step.split.of(NEW.version))
    assert not any(isinstance(step, Deploy) for step in it.plan.steps[first:])
    assert it.run().end is End.DONE
    assert not watch.wrong
    assert not it.broken()


def test_a_metric_gate_compares_the_colours_while_both_have_users() -> None:
    memory = colours()
    asked = replace(wanted(memory, ladder=Ladder((5000, WHOLE), 60), together=True), gating=Gating(60))
    plan = bluegreen.plan(asked, memory.world().eyes.look())
    versus = [one for step in plan.steps if isinstance(step, Ask) for one in step.versus if one.site == "dc1"]
    assert versus[0].new == ("dc1-web3", "dc1-web4")
    assert [one.old for one in versus] == [("dc1-web1", "dc1-web2"), ()]


@SETTINGS
@given(st.integers(1, 4), st.booleans(), st.booleans(), st.integers(0, 60), WHEN)
def test_a_crash_at_any_write_then_resume_ends_the_same(
    size: int,
    warm: bool,
    together: bool,
    point: int,
    when: str,
) -> None:
    it, watch = watched(colours(size, warm=warm), size, together=together)
    it.journal.crash = (1 + point % len(it.plan.steps), when)
    assert it.to_the_end().end is End.DONE
    assert all_are_on(it.memory, NEW.version)
    assert not watch.wrong
    assert not it.broken()


@SETTINGS
@given(st.integers(1, 4), st.booleans(), st.integers(0, 60), st.sampled_from(["before", "after", "half", "late"]))
def test_a_failure_anywhere_puts_users_and_the_standby_back(
    size: int,
    warm: bool,
    place: int,
    kind: str,
) -> None:
    it, watch = watched(colours(size, warm=warm), size)
    start, splits = it.memory.start(), dict(it.memory.splits)
    number = 1 + place % len(it.plan.steps)
    step = it.plan.steps[number - 1]
    it.memory.faults.append(Fault(type(step).__name__.lower(), kind, step=f"0-{number}", times=1))
    ended = it.run()
    if ended.end is End.DONE:
        assert it.undo().end is End.PUT_BACK
    assert it.memory.start() == start, ended.note
    assert it.memory.splits == splits
    assert not watch.wrong
    assert not it.broken()


def test_a_standby_that_is_too_small_takes_nobody() -> None:
    it, _ = watched(colours(), 3)
    with pytest.raises(UnsafePlan, match=r"rule [34]"):
        prove(it.plan, it.picture)


def test_a_warm_colour_is_not_given_away_before_its_time() -> None:
    memory = colours()
    switched = replace(wanted(memory), switch=Switch(60, keep_warm=600, colours=_named(memory)))
    it = case(memory, switched, bluegreen.plan)
    assert it.run().end is End.DONE
    for host in memory.hosts.values():
        host.fetched.add("1.2")
    ended, picture = it.progress.changed, memory.world().eyes.look()
    again = bluegreen.plan(replace(switched, release=Release("1.2")), picture)
    with pytest.raises(Refused, match=r"1\.0 is kept warm until .* this would take dc1-web1, dc1-web2") as refused:
        refuse_warm(again, picture, [it.progress], ended + 599)
    assert "--give-up-warm" in refused.value.remedy
    refuse_warm(again, picture, [it.progress], ended + 600)
    refuse_warm(again, picture, [], ended)
    memory.hosts["dc1-web1"].file = memory.hosts["dc1-web2"].file = False
    memory.hosts["dc2-web1"].file = memory.hosts["dc2-web2"].file = False
    refuse_warm(again, memory.world().eyes.look(), [it.progress], ended)


def test_nothing_to_do_where_users_are_on_the_release() -> None:
    memory = colours()
    asked = replace(wanted(memory), release=Release(OLD))
    assert not bluegreen.plan(asked, memory.world().eyes.look()).legs


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda memory: memory.splits.update(dc1=Split(((OLD, 5000), ("0.9", 5000)))), "a canary is under way"),
        (lambda memory: setattr(memory.hosts["dc1-web1"], "running", "0.8"), "starts from one release"),
        (lambda memory: memory.hosts.update(pool(4).hosts), "one undivided pool"),
    ],
)
def test_where_no_switch_can_be_it_is_refused(spoil: object, why: str) -> None:
    memory = colours()
    spoil(memory)  # type: ignore[operator]
    with pytest.raises(Refused, match=why):
        bluegreen.plan(wanted(memory), memory.world().eyes.look())


def test_colours_that_do_not_fit_the_site_are_refused() -> None:
    memory = colours()
    picture: Picture = memory.world().eyes.look()
    both = _named(memory)
    for named, why in (
        ((both[0], ("green", both[1][1][:1])), "in neither colour"),
        ((both[0], ("green", both[1][1][2:])), "in neither colour"),
        ((("blue", (*both[0][1], *both[1][1])), ("green", ())), "green has no host here"),
    ):
        with pytest.raises(Refused, match=why):
            bluegreen.plan(replace(wanted(memory), switch=Switch(60, colours=named)), picture)
    with pytest.raises(Refused, match="none stands by"):
        bluegreen.plan(wanted(halves(4), unnamed=True), halves(4).world().eyes.look())
