"""Killed before or after each journal write, forward and on the way back: the same end, and no act repeated but one"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from deployer.events import AbortAsked, End
from deployer.model import WHOLE, Gating, Ladder, Split, Undo, Verdict
from deployer.steps import Ask, Deploy, Step
from deployer.strategies import canary
from tests.memory import Crash, Fault
from tests.runs import Case, all_serve, case, intent, pool, releases


def rolling_forward() -> Case:
    return case(pool(4), intent(pool(4), wave=2, floor=2))


def a_window() -> Case:
    return case(pool(5, ("dc1",)), intent(pool(5, ("dc1",)), floor=2, abreast=2))


def all_the_way_back() -> Case:
    it = case(pool(4), intent(pool(4), floor=2, undo=Undo.ALL))
    it.memory.bad.add(("dc2-web2", "1.1"))
    return it


def failing_after_acting() -> Case:
    it = case(pool(4), intent(pool(4), wave=2, floor=2, undo=Undo.SITE))
    it.memory.faults.append(Fault("readmit", "after", frozenset({"dc1-web4"}), line=0))
    return it


def within_the_budget() -> Case:
    it = case(pool(4), intent(pool(4), wave=2, floor=1, budget=1))
    it.memory.bad.add(("dc1-web3", "1.1"))
    return it


def half_way() -> Case:
    it = case(pool(4), intent(pool(4), wave=2, floor=2))
    it.memory.bad.add(("dc2-web4", "1.1"))
    return it


def aborted() -> Case:
    it = case(pool(3), intent(pool(3)))

    def ask(_n: int, step: object, _order: object) -> None:
        if isinstance(step, Deploy) and step.hosts == ("dc1-web2",) and not it.progress.abort:
            it.journal.append("r1", AbortAsked("bob"), epoch=None)

    it.memory.on_act = ask
    return it


def a_baseline(floor: int = 3) -> Case:
    memory = pool(4, ("dc1",), "a")
    memory.splits["dc1"] = Split((("1.0", WHOLE),))
    ladder = Ladder((500, 5000, WHOLE), 60, baseline=True)
    wanted = replace(
        intent(memory, floor=floor, undo=Undo.ALL), strategy="canary", ladder=ladder, gating=Gating(60, 60)
    )
    return case(memory, wanted, canary.plan)


def a_baseline_restarted_together() -> Case:
    return a_baseline(floor=2)


def a_baseline_and_a_bad_verdict() -> Case:
    it = a_baseline()
    it.memory.on_act = lambda _n, step, _order: _bad_at_half(it, step)
    return it


def _bad_at_half(it: Case, step: Step) -> None:
    """However often it is asked there."""
    if isinstance(step, Ask):
        it.memory.verdicts["metrics"] = [Verdict.FAIL if "50 %" in step.about else Verdict.PASS]


CASES = (
    rolling_forward,
    a_window,
    all_the_way_back,
    failing_after_acting,
    within_the_budget,
    half_way,
    aborted,
    a_baseline,
    a_baseline_restarted_together,
    a_baseline_and_a_bad_verdict,
)


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_write_then_resume_gives_the_same_end(make: Callable[[], Case], when: str) -> None:
    whole = make()
    wanted = whole.run()
    for point in range(1, whole.journal.writes + 1):
        it = make()
        it.journal.crash = (point, when)
        try:
            ended = it.run()
        except Crash:
            if it.progress.end is not None:
                continue  # only the return was lost
            ended = it.resume() if it.journal.records else it.to_the_end()
        assert (ended.end, it.memory.start()) == (wanted.end, whole.memory.start()), (point, when)
        assert it.broken() == [], (point, when)
        assert repeated(it) <= it.plan.legs[-1].abreast, (point, when, it.memory.acts)


def repeated(it: Case) -> int:
    """Acting steps performed more often than once; looking again (verify) and asking again change nothing."""
    counts = Counter(act for act in it.memory.acts if act[1] not in ("verify", "ask"))
    return sum(count - 1 for count in counts.values())


@pytest.mark.parametrize("when", ["before", "after"])
def test_two_crashes_in_one_run(when: str) -> None:
    whole = rolling_forward()
    whole.run()
    writes = whole.journal.writes
    for first in range(1, writes, 3):
        for second in range(first + 2, writes, 5):
            it = rolling_forward()
            it.journal.crash = (first, when)
            with pytest.raises(Crash):
                it.run()
            it.revive()
            it.journal.crash = (second, when)
            try:
                ended = it.engine().resume("r1") if it.journal.records else it.run()
            except Crash:
                ended = it.resume()
            assert ended.end is End.DONE, (first, second)
            assert all_serve(it.memory, "1.1")
            assert it.broken() == [], (first, second)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_then_undo_instead_of_resume_leaves_no_trace(when: str) -> None:
    whole = rolling_forward()
    whole.run()
    for point in range(2, whole.journal.writes + 1):
        it = rolling_forward()
        it.journal.crash = (point, when)
        with pytest.raises(Crash):
            it.run()
        assert it.undo().end is End.PUT_BACK, point
        assert it.memory.start() == it.before.start(), point
        assert it.broken() == [], point


@pytest.mark.parametrize("gone", range(8))
def test_half_a_fleet_goes_back_from_every_host(gone: int) -> None:
    """F26 for every k of n, and F14 for the last: k hosts are on the new release when one fails."""
    it = case(pool(4), intent(pool(4), floor=2, undo=Undo.ALL))
    victim = it.plan.stages[1 + gone].steps[0]
    it.memory.faults.append(Fault("verify", "before", frozenset(victim.hosts), line=0))  # type: ignore[union-attr]
    assert it.run().end is End.PUT_BACK
    assert all_serve(it.memory, "1.0")
    assert it.broken() == []
    assert sum(what == "deploy" for what in (moment.what for moment in it.memory.history)) == 2 * (gone + 1)


@pytest.mark.parametrize("gone", range(8))
def test_half_a_fleet_is_undone_after_it_was_stopped_at_every_host(gone: int) -> None:
    it = case(pool(4), intent(pool(4), floor=2))
    it.memory.on_act = lambda n, _step, _order: it.brake.pull() if n == 1 + 4 * (gone + 1) else None
    assert it.run().end is (End.DONE if gone == 7 else End.STOPPED)
    assert list(releases(it.memory).values()).count("1.1") == gone + 1
    it.memory.on_act = lambda *_: None
    assert it.undo().end is End.PUT_BACK
    assert all_serve(it.memory, "1.0")
    assert it.broken() == []


def test_the_decision_to_go_back_outlives_a_crash() -> None:
    """Killed after the failure was written: whoever resumes goes back too, also when it would work now."""
    decided = 0
    for point in range(2, 12):
        it = case(pool(3, ("dc1",)), intent(pool(3, ("dc1",))))
        it.memory.faults.append(Fault("verify", "before", times=1))
        it.journal.crash = (point, "after")
        with pytest.raises(Crash):
            it.run()
        if it.progress.failed and it.progress.line == 0:
            decided += 1
            assert it.resume().end is End.PUT_BACK
            assert all_serve(it.memory, "1.0")
    assert decided == 1
