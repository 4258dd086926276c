"""A gate inside a run: what the journal tells it, answers of people, and what it finds while nobody asks"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from deployer.events import Approved, Done, End, Failed, Undecided
from deployer.model import WHOLE, Gating, Ladder, Split, Undo, Verdict
from deployer.past import past
from deployer.progress import waiting_at
from deployer.rules import Approvals, Rules, Then
from deployer.steps import Ask, Deploy, Shift, Step
from deployer.strategies import canary
from deployer.world import Look, Order
from tests.memory import Crash
from tests.runs import Case, all_serve, case, intent, pool


def laddered(*, undo: Undo = Undo.ALL) -> Case:
    memory = pool(4, ("dc1", "dc2"), "a")
    memory.splits.update({site: Split((("1.0", WHOLE),)) for site in ("dc1", "dc2")})
    ladder = Ladder((500, 5000, WHOLE), 60, baseline=True)
    wanted = replace(intent(memory, floor=3, undo=undo), strategy="canary", ladder=ladder, gating=Gating(60, 60))
    return case(memory, wanted, canary.plan)


def asks(it: Case) -> list[tuple[int, Ask]]:
    return [(number, step) for number, _, _, step in it.plan.walk() if isinstance(step, Ask)]


def test_what_was_let_pass_and_turns_out_bad_takes_everybody_back_users_first() -> None:
    it = laddered()
    first = asks(it)[0][0]

    def turn_bad(_n: int, step: Step, order: Order) -> None:
        if isinstance(step, Deploy) and order.step > f"0-{first}":
            it.memory.alarm = "5 of 100 requests failed"

    it.memory.on_act = turn_bad
    ended = it.run()
    assert ended.end is End.PUT_BACK
    assert "5 of 100 requests failed" in ended.note
    assert all_serve(it.memory, "1.0")
    back = [verb for step_id, verb in it.memory.acts if step_id.startswith("1-")]
    assert back[:2] == ["shift", "shift"], "users first"
    failed = next(record.event for record in it.journal.records if isinstance(record.event, Failed))
    assert failed.number == first, "it is that question that has failed"
    assert failed.outcome is not None
    assert failed.outcome.verdict is Verdict.FAIL


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_alarm_survives_a_crash_at_any_write(when: str) -> None:
    for point in range(20, 60):
        it = laddered()
        first = asks(it)[0][0]
        it.memory.on_act = _bad_after(it, first)
        it.journal.crash = (point, when)
        try:
            ended = it.run()
        except Crash:
            if it.progress.end is not None:
                continue
            ended = it.resume()
        assert ended.end is End.PUT_BACK, point
        assert all_serve(it.memory, "1.0"), point


def _bad_after(it: Case, ask: int) -> Callable[[int, Step, Order], None]:
    def turn_bad(_n: int, step: Step, _order: Order) -> None:
        if isinstance(step, Deploy) and ask in _done(it):
            it.memory.alarm = "bad"

    return turn_bad


def _done(it: Case) -> set[int]:
    return {record.event.number for record in it.journal.records if isinstance(record.event, Done)}


def test_no_alarm_before_anything_was_asked() -> None:
    it = laddered()
    it.memory.alarm = "bad"
    it.memory.verdicts["metrics"] = [Verdict.FAIL]
    assert it.run().end is End.PUT_BACK
    assert it.memory.alarm == "bad", "not heard"


def test_no_verdict_is_written_down_and_the_run_waits() -> None:
    it = laddered()
    it.memory.verdicts["metrics"] = [Verdict.PASS, Verdict.INCONCLUSIVE]
    assert it.run().end is End.WAITING
    second = asks(it)[1][0]
    said = next(record.event for record in it.journal.records if isinstance(record.event, Undecided))
    assert (said.number, said.outcome.note) == (second, "it says inconclusive")
    assert it.progress.answers[0, second].verdict is Verdict.INCONCLUSIVE
    assert waiting_at(it.progress).number == second
    it.revive()
    assert it.engine().promote("r1", Approved(0, second, "the board", "CHG-1")).end is End.DONE
    assert it.progress.approved[0, second].who == "the board"


def test_what_was_let_pass_is_watched_while_a_person_is_waited_for() -> None:
    it = laddered()
    it.memory.verdicts["metrics"] = [Verdict.PASS, Verdict.INCONCLUSIVE]
    it.rules = Rules(Approvals(timeout=600, then=Then.PROMOTE))
    it.on_tell = lambda _line: setattr(it.memory, "alarm", "5 of 100 failed")
    ended = it.run()
    assert (ended.end, "5 of 100 failed" in ended.note) == (End.PUT_BACK, True)
    assert [event.number for event in _failures(it)] == [asks(it)[0][0]], "told once, and of whom it is"


def _failures(it: Case) -> list[Failed]:
    return [record.event for record in it.journal.records if isinstance(record.event, Failed)]


def test_an_answer_given_while_it_is_asked_is_heard() -> None:
    it = laddered()
    heard: list[str] = []

    def answer(_n: int, step: Step, order: Order) -> None:
        if isinstance(step, Ask) and not heard:
            gate = waiting_at(it.progress, at_work=True)
            it.journal.append("r1", Approved(gate.line, gate.number, "bob"), epoch=None)
            assert not order.stopping()
            heard.append(order.past().approved)

    it.memory.on_act = answer
    assert it.run().end is End.DONE
    assert heard == ["bob"]


def test_the_past_knows_windows_changes_and_restarts() -> None:
    it = laddered()
    seen = []

    def look(_n: int, step: Step, order: Order) -> None:
        if isinstance(step, Ask):
            order.looked(Look(0.0, 1.0, order.past().windows + 1, Verdict.INCONCLUSIVE))
            seen.append(order.past())

    it.memory.on_act = look
    assert it.run().end is End.DONE
    assert [one.windows for one in seen] == [1, 2, 3, 4], "also over steps"
    assert [one.passed.number for one in seen if one.passed] == [number for number, _ in asks(it)[:-1]]
    at = {
        number: record.at
        for record in it.journal.records
        if isinstance(record.event, Done)
        for number in (record.event.number,)
    }
    shifts = [number for number, _, _, step in it.plan.walk() if isinstance(step, Shift) and step.scope == "dc1"]
    assert seen[0].shifted["dc1"] == at[shifts[1]]
    assert seen[0].changed["dc1"] == seen[0].shifted["dc1"]
    assert set(seen[0].restarted) == {"dc1-web1", "dc1-web4", "dc2-web1", "dc2-web4"}
    assert not seen[0].changing
    assert past(it.progress, 1).windows == 4, "and after it"


def test_a_site_that_is_being_changed_is_said_to_be() -> None:
    it = laddered()
    seen = []
    it.memory.on_act = lambda _n, step, order: seen.append(order.past().changing) if isinstance(step, Deploy) else None
    it.run()
    assert seen[0] == {"dc1"}


def test_what_a_gate_finds_bad_undoes_more_than_its_stage() -> None:
    memory = pool()
    it = case(memory, replace(intent(memory, wave=2, floor=2), gating=Gating(60)))
    it.memory.verdicts["metrics"] = [Verdict.PASS, Verdict.FAIL]
    assert it.run().end is End.PUT_BACK
    assert all_serve(it.memory, "1.0"), "the first wave too, though undo is stage"


def test_unless_nothing_is_to_be_undone() -> None:
    it = laddered(undo=Undo.NONE)
    it.memory.verdicts["metrics"] = [Verdict.FAIL]
    assert it.run().end is not End.DONE
    assert it.memory.hosts["dc1-web1"].running == "1.1"
