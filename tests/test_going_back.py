"""Rollback, restart, and the way back from anything half done: every strategy, every k of n, every crash"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.errors import Refused
from deployer.events import End
from deployer.model import WHOLE, Intent, Picture, Release, Split, Undo
from deployer.plan import Plan
from deployer.steps import Deploy, Drain, Readmit
from deployer.strategies import bluegreen, canary, restart, rollback, rolling
from deployer.world import Order
from tests.memory import Fault, Memory
from tests.runs import NEW, Case, all_serve, case, intent
from tests.test_bluegreen import colours, wanted
from tests.test_canary import canaries, halves

OLD = Release("1.0")
WHEN = st.sampled_from(["before", "after"])
SETTINGS = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def mixed(new: int, size: int = 4, out: int = 0) -> Memory:
    """At each site the first `new` hosts run 1.1, the last `out` are out of service; all have both releases."""
    memory = halves(size)
    for host in memory.hosts.values():
        number = int(host.name.rpartition("web")[2])
        host.fetched.add(NEW.version)
        host.file = number <= size - out
        if number <= new:
            host.running = host.link = NEW.version
    name = NEW.version if new == size else OLD.version
    memory.splits.update({site: Split(((name, WHOLE),)) for site in ("dc1", "dc2")})
    return memory


def back(memory: Memory, wave: int = 4, floor: int = 2) -> Case:
    wanted = replace(intent(memory, wave, floor, release=OLD), strategy="rollback")
    return case(memory, wanted, rollback.plan)


@pytest.mark.parametrize("new", range(5))
@pytest.mark.parametrize("out", [0, 1, 2])
def test_a_fleet_that_is_half_over_comes_back_whatever_half(new: int, out: int) -> None:
    it = back(mixed(new, out=out))
    assert it.run().end is End.DONE
    assert all_serve(it.memory, OLD.version)
    assert not it.broken()
    assert set(it.memory.splits.values()) == {Split(((OLD.version, WHOLE),))}
    assert "fetch" not in {verb for _, verb in it.memory.acts}, "what lies there is not fetched"


def test_all_sites_go_at_once_in_waves_as_large_as_the_floor_allows() -> None:
    it = back(mixed(4))
    rounds = [leg for leg in it.plan.legs if leg.name.startswith("round")]
    assert [leg.abreast for leg in rounds] == [2, 2]
    assert {len(step.hosts) for step in it.plan.steps if isinstance(step, Drain)} == {2}


@SETTINGS
@given(
    st.integers(0, 4), st.integers(0, 2), st.integers(1, 3), st.integers(1, 80), st.sampled_from(["before", "after"])
)
def test_a_rollback_killed_at_any_write_ends_the_same(new: int, out: int, floor: int, point: int, when: str) -> None:
    if 4 - out < floor:
        return
    it = back(mixed(new, out=out), floor=floor)
    if not it.plan.legs:
        return
    it.journal.crash = (1 + point % len(it.plan.steps), when)
    assert it.to_the_end().end is End.DONE
    assert all_serve(it.memory, OLD.version)
    assert not it.broken()


@SETTINGS
@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 60), st.sampled_from(["before", "after", "half", "late"]))
def test_a_rollback_that_fails_anywhere_can_be_undone(new: int, floor: int, place: int, kind: str) -> None:
    it = back(mixed(new), floor=floor)
    start = it.memory.start()
    number = 1 + place % len(it.plan.steps)
    step = it.plan.steps[number - 1]
    it.memory.faults.append(Fault(type(step).__name__.lower(), kind, step=f"0-{number}", times=1))
    if it.run().end is not End.DONE:
        assert not it.broken()
    assert it.undo().end is End.PUT_BACK
    assert it.memory.start() == start
    assert not it.broken()


def test_a_rollback_is_refused_while_users_are_split() -> None:
    memory = mixed(2)
    memory.splits["dc1"] = Split(((OLD.version, 5000), (NEW.version, 5000)))
    with pytest.raises(Refused, match="a canary is under way"):
        back(memory)


@pytest.mark.parametrize("new", range(5))
def test_a_restart_leaves_every_host_on_its_release(new: int) -> None:
    memory = mixed(new, out=1)
    it = case(memory, replace(intent(memory, 1, 2), strategy="restart"), restart.plan)
    start = it.memory.start()
    assert it.run().end is End.DONE
    assert it.memory.start() == start
    assert not it.broken()
    restarted = {host for step in it.plan.steps if isinstance(step, Deploy) for host in step.hosts}
    assert restarted == {name for name, (_, _, serves) in start.items() if serves}


def test_a_restart_leaves_somebody_in_the_half_that_users_are_sent_to() -> None:
    memory = colours(1)
    with pytest.raises(Refused, match=r"dc1-web1 would be the last of half a, where users are"):
        restart.plan(intent(memory, 1, 1), memory.world().eyes.look())
    assert restart.plan(intent(memory, 1, 1, only=("dc1-web2",)), memory.world().eyes.look()).legs


@SETTINGS
@given(st.integers(0, 4), st.integers(1, 60), WHEN)
def test_a_restart_killed_at_any_write_ends_the_same(new: int, point: int, when: str) -> None:
    memory = mixed(new)
    it = case(memory, replace(intent(memory, 2, 2), strategy="restart"), restart.plan)
    start = it.memory.start()
    it.journal.crash = (1 + point % len(it.plan.steps), when)
    assert it.to_the_end().end is End.DONE
    assert it.memory.start() == start
    assert not it.broken()


def rolled() -> tuple[Memory, Intent, Callable[[Intent, Picture], Plan]]:
    memory = halves(4)
    return memory, intent(memory, 1, 3), rolling.plan


def rolled_back() -> tuple[Memory, Intent, Callable[[Intent, Picture], Plan]]:
    memory = mixed(4)
    return memory, replace(intent(memory, 1, 3, release=OLD), strategy="rollback"), rollback.plan


def restarted() -> tuple[Memory, Intent, Callable[[Intent, Picture], Plan]]:
    memory = mixed(4)
    return memory, replace(intent(memory, 1, 3), strategy="restart"), restart.plan


def climbed() -> tuple[Memory, Intent, Callable[[Intent, Picture], Plan]]:
    memory = halves(4)
    return memory, canaries(memory), canary.plan


def switched() -> tuple[Memory, Intent, Callable[[Intent, Picture], Plan]]:
    memory = colours(4)
    return memory, wanted(memory), bluegreen.plan


EVERY = {
    "rolling": rolled,
    "rollback": rolled_back,
    "restart": restarted,
    "canary": climbed,
    "bluegreen": switched,
}


def stopped(strategy: str, k: int) -> Case:
    """A run that the operator stopped when k hosts (of a switch: groups) were over; or that came to its end."""
    it = case(*EVERY[strategy]())
    deploys = [number for number, _, _, step in it.plan.walk() if isinstance(step, Deploy)]
    stop = deploys[k] if k < len(deploys) else 10**6

    def pull(_count: int, _step: object, order: Order) -> None:
        if order.step == f"0-{stop}":
            it.brake.pull()

    it.memory.on_act = pull
    assert it.run().end is (End.STOPPED if k < len(deploys) else End.DONE)
    it.memory.on_act = lambda _count, _step, _order: None
    return it


@pytest.mark.parametrize("strategy", EVERY)
@pytest.mark.parametrize("k", range(9))
def test_the_way_back_from_k_of_n_hosts_leads_to_where_it_began(strategy: str, k: int) -> None:
    it = stopped(strategy, k)
    assert it.undo(Undo.ALL).end is End.PUT_BACK
    assert it.memory.start() == it.before.start()
    assert it.memory.splits == it.picture.splits
    assert not it.broken()


@pytest.mark.parametrize("strategy", EVERY)
@pytest.mark.parametrize("k", range(9))
def test_undo_of_the_last_site_puts_all_of_it_back_and_leaves_the_other(strategy: str, k: int) -> None:
    it = stopped(strategy, k)
    now, splits = it.memory.start(), dict(it.memory.splits)
    it.undo(Undo.SITE)
    assert it.progress.line == 0 or it.progress.walked
    before = it.before.start()
    as_before = {host.site for host in it.memory.hosts.values()} - {
        host.site for host in it.memory.hosts.values() if it.memory.start()[host.name] != before[host.name]
    }
    back = {site for site in as_before if it.memory.splits[site] == it.picture.splits[site]}
    assert back, "one site at least is as it was"
    for site in {"dc1", "dc2"} - back:
        assert it.memory.splits[site] == splits[site]
        assert all(
            it.memory.start()[host.name] == now[host.name] for host in it.memory.hosts.values() if host.site == site
        )
    assert not it.broken()


@pytest.mark.parametrize("strategy", EVERY)
@pytest.mark.parametrize("k", range(9))
def test_undo_of_the_stage_under_way_touches_no_other(strategy: str, k: int) -> None:
    it = stopped(strategy, k)
    finished = {
        host
        for leg in it.plan.legs
        for stage in leg.stages
        if stage.steps[-1] in _done(it)
        for step in stage.steps
        if isinstance(step, Readmit)
        for host in step.hosts
    }
    now = it.memory.start()
    it.undo(Undo.STAGE)
    assert it.progress.line == 0 or it.progress.walked
    assert {host for host in finished if it.memory.start()[host] != now[host]} == set()
    assert not it.broken()


def _done(it: Case) -> list[object]:
    return [step for number, _, _, step in it.plan.walk() if (0, number) in it.progress.done]
