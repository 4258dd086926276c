"""A freeze holds what begins something new, and never what lowers a risk"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from deployer.errors import Refused
from deployer.events import SERVICE, AbortAsked, Begun, End, Event, Frozen, GoingBack, Lifted, OnHold, Overrode
from deployer.frozen import BOUND, FREE, freezes, overriding
from deployer.hold import raises
from deployer.model import WHOLE, Ladder, Split, Undo
from deployer.rules import Rules
from deployer.steps import Drain, Shift, Step
from deployer.strategies import canary
from deployer.windows import Windows, dates
from deployer.world import Order
from tests.memory import Crash, Fault
from tests.runs import Case, all_serve, case, intent, pool

STOP = Frozen("eve@desk", "payments are down")


def rolling(size: int = 4) -> Case:
    memory = pool(size, ("dc1",))
    it = case(memory, intent(memory, floor=size - 1, undo=Undo.ALL))
    it.terms = BOUND
    return it


def laddered() -> Case:
    memory = pool(4, ("dc1", "dc2"), "a")
    memory.splits.update({site: Split((("1.0", WHOLE),)) for site in ("dc1", "dc2")})
    wanted = replace(intent(memory, floor=3, undo=Undo.ALL), strategy="canary", ladder=Ladder((500, 5000, WHOLE), 60))
    it = case(memory, wanted, canary.plan)
    it.terms = BOUND
    return it


def say(it: Case, *events: Event) -> None:
    it.journal.append(SERVICE, *events, epoch=None)


def freeze_at(it: Case, act: int) -> None:
    """Somebody stops the line while act number `act` is under way."""

    def freeze(count: int, _step: Step, _order: Order) -> None:
        if count == act:
            say(it, STOP)

    it.memory.on_act = freeze


def of_kind(it: Case, kind: type[Event]) -> list[Event]:
    return [record.event for record in it.journal.records if isinstance(record.event, kind)]


def held_then(it: Case, then: Callable[[], None]) -> None:
    """Do this once, when the run tells that it holds."""
    told: list[str] = []

    def hear(line: str) -> None:
        if "on hold" in line and not told:
            told.append(line)
            then()

    it.on_tell = hear


@pytest.mark.parametrize("make", [rolling, laddered])
def test_it_holds_with_nothing_begun_and_goes_on_when_it_is_lifted(make: Callable[[], Case]) -> None:
    for act in range(1, 20):
        it = make()
        freeze_at(it, act)
        at_hold: list[tuple[int, int]] = []

        def lift(it: Case = it, at_hold: list[tuple[int, int]] = at_hold) -> None:
            assert not it.memory.prepared, "nothing that was started up is kept waiting"
            at_hold.append((len(it.memory.acts), sum(host.in_service for host in it.memory.hosts.values())))
            it.memory.time += 500
            say(it, Lifted("eve@desk", "back"))

        held_then(it, lift)
        assert it.run().end is End.DONE, act
        assert all_serve(it.memory, "1.1")
        assert not it.broken()
        if at_hold:  # not after the last wave
            assert at_hold[0][1] == len(it.memory.hosts), "the wave was finished first: everybody serves"
            hold = of_kind(it, OnHold)
            assert [one.why for one in hold if isinstance(one, OnHold)] == ["frozen by eve@desk: payments are down"]


def test_more_users_are_not_sent_under_a_freeze() -> None:
    it = laddered()
    first = next(n for n, _, _, step in it.plan.walk() if isinstance(step, Shift) and step.split.of("1.1"))
    seen: list[int] = []

    def freeze(_count: int, step: Step, order: Order) -> None:
        if order.step == f"0-{first}":
            say(it, STOP)

    it.memory.on_act = freeze
    held_then(it, lambda: seen.append(max(it.memory.splits[site].of("1.1") for site in ("dc1", "dc2"))))
    it.rules = Rules(freeze_wait=60)
    assert it.run().end is End.WAITING
    assert seen == [500], "as at the first rung"
    assert max(it.memory.splits[site].of("1.1") for site in ("dc1", "dc2")) == 500


def test_it_waits_no_longer_than_it_is_told_and_resume_goes_on_once_it_is_over() -> None:
    it = rolling()
    it.rules = Rules(freeze_wait=60)
    freeze_at(it, 3)
    ended = it.run()
    assert (ended.end, ended.note) == (End.WAITING, "on hold: frozen by eve@desk: payments are down")
    assert ended.remedy == "deployer resume r1, when it is over"
    assert it.resume().end is End.WAITING, "still frozen"
    say(it, Lifted("eve@desk"))
    assert it.resume().end is End.DONE


def test_a_window_opens_mid_run_and_ends_by_itself() -> None:
    it = rolling()
    it.rules = Rules(windows=Windows("UTC", (dates("1970-01-12 13:46 - 1970-01-12 14:00"),)))  # 1_000_000 is 13:46:40
    assert it.run().end is End.DONE
    assert it.memory.time >= 1_000_800, "it waited for 14:00"


def test_an_end_that_was_said_needs_nobody_to_lift_it() -> None:
    it = rolling()
    say(it, Frozen("eve@desk", "a meeting", 1_000_300.0))
    assert it.run().end is End.DONE
    assert it.memory.time >= 1_000_300


def test_what_lowers_a_risk_is_never_held() -> None:
    it = rolling()
    it.terms = FREE  # an evacuation, a rollback, a drain, a readmit, a restore
    say(it, STOP)
    assert it.run().end is End.DONE
    assert not of_kind(it, OnHold)


def test_an_abort_is_heard_while_it_holds() -> None:
    it = rolling()
    freeze_at(it, 7)

    def abort() -> None:
        it.journal.append("r1", AbortAsked("ann@desk"), epoch=None)

    held_then(it, abort)
    assert it.run().end is End.PUT_BACK
    assert all_serve(it.memory, "1.0")


def test_a_signal_is_heard_while_it_holds() -> None:
    it = rolling()
    freeze_at(it, 3)
    held_then(it, it.brake.pull)
    assert it.run().end is End.STOPPED


@given(some.integers(1, 24), some.booleans(), some.booleans())
def test_the_way_back_is_never_held(act: int, ladder: bool, asked: bool) -> None:
    """Whenever the line is stopped: a failure after it, or an undo, puts everybody back under the freeze."""
    it = laddered() if ladder else rolling()
    it.rules = Rules(freeze_wait=5)
    freeze_at(it, act)
    if not asked:
        it.memory.faults.append(Fault("verify", line=0, times=1))
    ended = it.run()
    if ended.end in (End.WAITING, End.DONE):
        say(it, STOP)
        ended = it.undo()
    assert ended.end is End.PUT_BACK
    assert all_serve(it.memory, "1.0")
    told = [one.event for one in it.journal.records]
    back = next((n for n, event in enumerate(told) if isinstance(event, GoingBack)), len(told))
    assert not any(isinstance(event, OnHold) for event in told[back:])


def test_no_step_of_a_way_back_is_one_that_a_freeze_holds() -> None:
    it = rolling()
    it.memory.faults.append(Fault("verify", line=0, times=1))
    assert it.run().end is End.PUT_BACK
    progress = it.progress
    progress.begun.clear()  # as if it had just turned back
    steps = [(number, step) for number, _, _, step in progress.walking.walk()]
    assert steps
    assert not any(raises(progress, number, steps) for number, _ in steps)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_write_under_a_freeze_ends_the_same(when: str) -> None:
    for point in range(2, 40):
        it = rolling()
        it.rules = Rules(freeze_wait=20)
        freeze_at(it, 6)
        it.journal.crash = (point, when)
        try:
            ended = it.run()
        except Crash:
            ended = it.resume() if it.progress.end is None else it.progress.end
        assert ended.end in (End.WAITING, End.DONE), point
        assert all(host.in_service for host in it.memory.hosts.values()), point
        it.revive()
        say(it, Lifted("eve@desk"))
        if ended.end is End.WAITING:
            assert it.resume().end is End.DONE, point
        assert not it.broken(), point


def test_an_override_is_for_the_freeze_it_names_and_no_other() -> None:
    it = rolling()
    say(it, STOP)
    found = freezes(it.journal.word(), Windows(), 1_000_000)
    it.terms = overriding(found, "ann@desk", "bob", "it mends the outage")
    freeze_at(it, 7)  # somebody stops the line again
    it.rules = Rules(freeze_wait=60)
    ended = it.run()
    assert ended.end is End.WAITING
    assert len(it.memory.acts) > 4, "the first freeze did not hold it"
    assert [one.mark for one in of_kind(it, Overrode) if isinstance(one, Overrode)] == ["record 1"]


def test_two_people_let_a_run_go_on_that_holds() -> None:
    it = rolling()
    freeze_at(it, 3)

    def override() -> None:
        found = freezes(it.journal.word(), Windows(), it.memory.time)
        it.journal.append("r1", *overriding(found, "ann@desk", "bob", "half of it is out").overrides, epoch=None)

    held_then(it, override)
    assert it.run().end is End.DONE
    assert it.memory.time < 1_000_600


@pytest.mark.parametrize("second", ["", " ", "ann", "Ann", "ann@ops2", "carl"])
def test_nobody_overrides_alone(second: str) -> None:
    found = freezes(None, Windows(), 0)
    with pytest.raises(Refused, match="cannot override a freeze alone"):
        overriding(found, "ann (carl@ops1)", second, "mine", starter="dora@ops1")
    with pytest.raises(Refused, match="cannot override a freeze alone"):
        overriding(found, "ann@ops1", "dora", "mine", starter="dora@ops1")


def test_nothing_is_drained_or_raised_once_it_holds() -> None:
    """After the OnHold no step begins before the freeze is lifted, in no lane of a window either."""
    memory = pool(6, ("dc1",))
    it = case(memory, intent(memory, floor=3, abreast=3))
    it.terms, it.rules = BOUND, Rules(freeze_wait=30)
    freeze_at(it, 5)
    assert it.run().end is End.WAITING
    frozen = next(n for n, one in enumerate(it.journal.records) if isinstance(one.event, Frozen))
    begun = [one.event.number for one in it.journal.records[frozen:] if isinstance(one.event, Begun)]
    steps = {number: step for number, _, _, step in it.plan.walk()}
    assert not [n for n in begun if isinstance(steps[n], Drain)], "no wave began after it"
    assert all(host.in_service for host in memory.hosts.values())
