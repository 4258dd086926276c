"""People answer for a gate: who may, once, for no other gate, and what happens when nobody does"""

from __future__ import annotations

import re

import pytest

from deployer.answers import NOBODY
from deployer.errors import Refused, UsageError
from deployer.events import AbortAsked, Approved, End, Undecided
from deployer.model import Verdict
from deployer.progress import waiting_at
from deployer.rules import Approvals, Rules, Then
from deployer.steps import Ask
from tests.memory import Crash
from tests.runs import Case, all_serve, case, intent, pool

ANN = Approvals(another=True)


def asking(approvals: Approvals, *verdicts: Verdict) -> Case:
    """A rolling run that asks between its waves, of a gate that says this in turn, then yes."""
    memory = pool(2, ("dc1",))
    memory.verdicts["metrics"] = list(verdicts)
    it = case(memory, intent(memory, asks=True))
    memory.verdicts = {step.gate: list(verdicts) for step in it.plan.steps if isinstance(step, Ask)}
    it.rules = Rules(approvals)
    it.journal.now = lambda: memory.time
    return it


def answer(it: Case, who: str = "bob@desk") -> Approved:
    return Approved(0, waiting_at(it.progress).number, who)


@pytest.mark.parametrize(
    ("starter", "who"),
    [
        ("ann@ops1", "ann@ops2"),
        ("ann@ops1", "Ann (jenkins@agent1)"),
        ("ann@ops1", "bob (ann@ops1)"),
        ("Ann Lee (jenkins@agent1)", "ann  lee (jenkins@agent2)"),
        ("jenkins@agent1", "bob (jenkins@agent1)"),
    ],
)
def test_the_starter_is_refused_under_every_name(starter: str, who: str) -> None:
    with pytest.raises(Refused, match="another person must answer") as refused:
        ANN.refuse("r1", starter, who)
    assert refused.value.exit_code == 3
    assert "deployer approve r1 --as NAME" in refused.value.remedy
    Approvals().refuse("r1", starter, who)


@pytest.mark.parametrize("who", ["bob@ops1", "bob (jenkins@agent1)", "joanna@ops1"])
def test_another_person_may_answer(who: str) -> None:
    ANN.refuse("r1", "ann (jenkins@agent1)", who)


def test_only_those_who_are_named() -> None:
    board = Approvals(of=("bob", "Change Board"))
    board.refuse("r1", "ann@ops1", "change board (ann@ops1)")
    with pytest.raises(Refused, match="only bob, Change Board may answer"):
        board.refuse("r1", "ann@ops1", "eve@ops1")


def test_nobody_came_and_everything_goes_back() -> None:
    it = asking(Approvals(timeout=600, then=Then.ABORT), Verdict.INCONCLUSIVE)
    ended = it.run()
    assert (ended.end, "nobody answered within 600 s" in ended.note) == (End.PUT_BACK, True)
    assert all_serve(it.memory, "1.0")


def test_nobody_came_and_it_goes_on_by_itself_in_nobodys_name() -> None:
    it = asking(Approvals(timeout=600, then=Then.PROMOTE), Verdict.INCONCLUSIVE)
    assert it.run().end is End.DONE
    (said,) = it.progress.approved.values()
    assert (said.who, said.reason) == (NOBODY, "nobody answered within 600 s: approvals.then is promote")


def test_nobody_came_and_it_waits_on() -> None:
    it = asking(Approvals(timeout=600), Verdict.INCONCLUSIVE)
    assert it.run().end is End.WAITING
    assert it.memory.time >= 1_000_600, "it stayed for the answer"


@pytest.mark.parametrize(
    ("then", "end", "release"), [(Then.ABORT, End.PUT_BACK, "1.0"), (Then.PROMOTE, End.DONE, "1.1")]
)
def test_the_time_goes_on_while_nobody_is_at_work(then: Then, end: End, release: str) -> None:
    it = asking(Approvals(timeout=600, then=then, wait=10), *[Verdict.INCONCLUSIVE] * 3)
    assert it.run().end is End.WAITING
    it.memory.time += 300
    assert it.resume().end is End.WAITING, "not yet"
    it.memory.time += 300
    asked = [one for _, one in it.memory.acts if one == "ask"]
    assert it.resume().end is end
    assert all_serve(it.memory, release)
    if then is Then.ABORT:
        assert [one for _, one in it.memory.acts if one == "ask"] == asked, "the gate is not asked again"


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_time_goes_on_over_a_crash_at_any_write(when: str) -> None:
    for point in range(1, 30):
        it = asking(Approvals(timeout=600, then=Then.ABORT), *[Verdict.INCONCLUSIVE] * 2)
        it.journal.crash = (point, when)
        assert it.to_the_end().end is End.PUT_BACK, point
        assert not it.broken(), point


def test_an_answer_is_heard_while_it_waits() -> None:
    it = asking(Approvals(timeout=600, then=Then.ABORT), Verdict.INCONCLUSIVE)
    told: list[str] = []

    def hear(line: str) -> None:
        told.append(line)
        said = Approved(0, waiting_at(it.progress, at_work=True).number, "bob@desk")
        it.journal.append("r1", said, epoch=None)

    it.on_tell = hear
    assert it.run().end is End.DONE
    assert it.memory.time < 1_000_600
    assert re.search(r"waits for a person; abort at 13:5\d:\d\d UTC$", told[0])


def test_who_aborts_needs_nobodys_leave() -> None:
    it = asking(Approvals(another=True, timeout=600), Verdict.INCONCLUSIVE)

    def abort(_line: str) -> None:
        it.journal.append("r1", AbortAsked("ann@desk"), epoch=None)

    it.on_tell = abort
    assert it.run().end is End.PUT_BACK
    assert all_serve(it.memory, "1.0")


def test_the_first_answer_counts_and_a_second_is_refused() -> None:
    it = asking(Approvals(), Verdict.INCONCLUSIVE)
    assert it.run().end is End.WAITING
    first = answer(it)
    it.journal.append("r1", first, Approved(0, first.number, "eve@desk"), epoch=None)
    assert it.progress.approved[0, first.number].who == "bob@desk"
    with pytest.raises(UsageError, match="bob@desk has answered already"):
        waiting_at(it.progress)
    assert it.resume().end is End.DONE


def test_an_answer_is_for_no_other_gate() -> None:
    memory = pool(3, ("dc1",))
    it = case(memory, intent(memory, asks=True))
    gate = next(step.gate for step in it.plan.steps if isinstance(step, Ask))
    memory.verdicts[gate] = [Verdict.INCONCLUSIVE] * 4
    assert it.run().end is End.WAITING
    late = answer(it, "eve@desk")
    it.revive()
    assert it.engine().promote("r1", answer(it)).end is End.WAITING, "the next wave's gate has no verdict either"
    it.revive()
    with pytest.raises(UsageError, match="is not asked any more"):
        it.engine().promote("r1", late)
    assert [one.who for one in it.progress.approved.values()] == ["bob@desk"]
    assert len({record.event.number for record in it.journal.records if isinstance(record.event, Undecided)}) == 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_anywhere_in_an_approval_counts_it_once_or_not_at_all(when: str) -> None:
    for point in range(1, 12):
        it = asking(Approvals(), Verdict.INCONCLUSIVE)
        assert it.run().end is End.WAITING
        said = answer(it)
        it.revive()
        it.journal.crash = (it.journal.writes + point, when)
        try:
            it.engine().promote("r1", said)
        except Crash:
            if it.progress.end is None or it.progress.end.end is End.WAITING:
                it.resume()
        assert it.progress.end is not None
        assert it.progress.end.end is End.DONE, point
        assert len(it.progress.approved) <= 1
