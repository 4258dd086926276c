"""Progress is what the records say, nothing else"""

from __future__ import annotations

from deployer.diary import Diary
from deployer.events import AbortAsked, Begun, Done, End, Ended, Event, Failed, GoingBack, Held, Planned, Record, Taken
from deployer.model import HostSeen, Picture
from deployer.progress import Progress, fold
from deployer.strategies import rolling
from deployer.world import Outcome
from tests.memory import MemoryJournal
from tests.runs import case, intent, pool

PICTURE = pool().world().eyes.look()
PLAN = rolling.plan(intent(pool()), PICTURE)
PLANNED = Planned("ann", PLAN, PICTURE, "because")


def after(*events: Event) -> Progress:
    return fold(Record(n, "r1", 100.0 + n, event) for n, event in enumerate((PLANNED, Taken("ann", 3), *events), 1))


def test_who_why_since_when_and_with_which_epoch() -> None:
    it = after()
    assert (it.run, it.owner, it.reason, it.epoch) == ("r1", "ann", "because", 3)
    assert (it.started, it.changed, it.line, it.plan) == (101.0, 102.0, 0, PLAN)


def test_begun_and_not_over_is_in_doubt() -> None:
    assert after(Begun(0, 1)).in_doubt == ((0, 1),)
    assert after(Begun(0, 1), Done(0, 1, Outcome())).in_doubt == ()
    assert after(Begun(0, 1), Failed(0, 1, "no")).in_doubt == ()


def test_a_step_begun_again_is_in_doubt_again_and_keeps_its_first_picture() -> None:
    first, second = (HostSeen("web1", "dc1", release) for release in ("1.0", "1.1"))
    it = after(Begun(0, 1, (first,)), Done(0, 1, Outcome()), Begun(0, 1, (second,)))
    assert it.in_doubt == ((0, 1),)
    assert it.begun[0, 1].before == (first,)
    assert it.started_at[0, 1] == 103.0


def test_a_failure_decides_until_the_run_has_ended_and_is_taken_up_again() -> None:
    crashed = after(Begun(0, 1), Failed(0, 1, "no"), Taken("bob", 4))
    assert list(crashed.failed) == [(0, 1)]
    ended = after(Begun(0, 1), Failed(0, 1, "no"), Ended(End.HALF_WAY), Taken("bob", 4))
    assert (ended.failed, ended.end, ended.owner) == ({}, None, "bob")


def test_the_way_back_starts_with_nobody_left_out_and_no_abort() -> None:
    it = after(Held(("web1",), "bad"), AbortAsked("bob"), GoingBack(1, PLAN, "bob asked", ("web2: lost",)))
    assert (it.line, it.why_back, it.lost, it.abort) == (1, "bob asked", ("web2: lost",), None)
    assert (it.held, it.left_out) == ({"web1": "bad"}, {})
    assert it.walking is PLAN


def test_the_same_records_say_the_same_after_each_of_them_as_in_one_go() -> None:
    it = case(pool(), intent(pool(), wave=2))
    it.memory.bad.add(("dc1-web3", "1.1"))
    it.run()
    step_by_step = Progress()
    for record in it.journal.records:
        step_by_step.apply(record)
    assert step_by_step == fold(it.journal.records)


def test_the_diary_believes_what_is_durable_and_reads_what_others_wrote_between() -> None:
    journal, heard = MemoryJournal(), list[Record]()
    diary = Diary(journal, "r1", 1, heard.append)
    diary.write(PLANNED)
    journal.append("r2", Ended(End.DONE), epoch=None)
    journal.append("r1", AbortAsked("bob"), epoch=None)
    diary.write(Taken("ann", 1))
    assert diary.progress.abort is None
    assert diary.abort_asked() == AbortAsked("bob")
    assert [type(record.event) for record in heard] == [Planned, Taken, AbortAsked]
    assert diary.abort_asked() == AbortAsked("bob")
    assert len(heard) == 3


def test_an_empty_journal_is_no_run() -> None:
    assert fold(()).lines == []
    assert fold(()).picture is None
    assert isinstance(PICTURE, Picture)
