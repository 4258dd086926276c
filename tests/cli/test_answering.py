"""approve and promote: who may, and what status says of it"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployer.cli import main
from deployer.cli.person import person
from deployer.events import Approved, Begun, Done, End, Ended, Event, Planned, Taken, Undecided
from deployer.model import Verdict
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Ask
from deployer.world import Outcome
from tests.cli import journals
from tests.report import records

Capture = pytest.CaptureFixture[str]
ASKED = Stage("go on?", "dc1", (Ask("person", ("dc1",), "users move to 1.1.0"),))
PLAN = Plan(records.intent(), (Leg("dc1", "dc1", (ASKED, records.wave(1, records.WEB1))),))
WAITS: tuple[Event, ...] = (
    Begun(0, 1),
    Undecided(0, 1, Outcome("nobody said yes", verdict=Verdict.INCONCLUSIVE)),
    Ended(End.WAITING, "gate person: nobody said yes"),
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return journals.inventory(tmp_path)


def waiting(place: Path, starter: str, approvals: str, *, at_work: bool = False) -> None:
    with (place / "deployer.yml").open("a") as file:
        file.write(f"approvals: {approvals}\n")
    begun = (Planned(starter, PLAN, records.PICTURE), Taken(starter, 1), *(WAITS[:-1] if at_work else WAITS))
    with journals.writing(place) as book:
        lease = book.lock.take("r1", starter, "a test")
        book.journal.append("r1", *begun, epoch=lease.epoch)
        if not at_work:
            book.lock.release(lease)


def said(place: Path) -> list[Approved]:
    with journals.writing(place) as book:
        return [one.event for one in book.records("r1") if isinstance(one.event, Approved)]


def approve(place: Path, *words: str) -> int:
    return main.run(["approve", "-i", str(place), "--yes", "--reason", "CHG-1", *words])


@pytest.mark.parametrize("verb", ["approve", "promote"])
@pytest.mark.parametrize("at_work", [True, False])
def test_the_starter_is_refused_and_nothing_is_written(place: Path, capsys: Capture, verb: str, at_work: bool) -> None:
    waiting(place, person(), "{by: another}", at_work=at_work)
    assert main.run([verb, "-i", str(place), "--yes", "--reason", "mine"]) == 3
    told = capsys.readouterr().err
    assert "another person must answer for it" in told
    assert "deployer approve r1 --as NAME" in told
    assert said(place) == []


def test_another_name_from_a_shared_account_needs_a_named_starter(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYER_PERSON", "ann")
    waiting(place, person(), "{by: another}", at_work=True)
    assert approve(place, "--as", "Ann") == 3
    assert approve(place, "--as", "bob") == 0
    monkeypatch.delenv("DEPLOYER_PERSON")
    assert [one.who for one in said(place)] == [f"bob ({person()})"]


def test_a_second_answer_names_the_first(place: Path, capsys: Capture) -> None:
    waiting(place, "ann@ops", "{by: anyone}", at_work=True)
    assert approve(place, "--as", "bob") == 0
    assert approve(place, "--as", "eve") == 2
    assert "bob" in capsys.readouterr().err
    assert len(said(place)) == 1


def _text(place: Path, capsys: Capture) -> str:
    assert main.run(["status", "-i", str(place)]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_status_says_who_may_answer_and_until_when(place: Path, capsys: Capture) -> None:
    waiting(place, "ann@ops", "{by: another, of: [ann, bob, eve], timeout: 2h, then: abort}")
    told = _text(place, capsys)
    assert "users move to 1.1.0; bob or eve may answer: deployer approve" in told
    assert "UTC: everything goes back" in told
    assert main.run(["status", "--json", "-i", str(place)]) == 0
    asks = json.loads(capsys.readouterr().out)["asks"]
    assert (asks["who"], asks["not"], asks["then"]) == (["bob", "eve"], "ann@ops", "abort")
    assert asks["due"] - asks["since"] == 7200


@pytest.mark.parametrize("end", [End.DONE, End.STOPPED])
def test_nothing_is_asked_of_a_run_that_does_not_wait(place: Path, capsys: Capture, end: End) -> None:
    waiting(place, "ann@ops", "{}", at_work=True)
    with journals.writing(place) as book:
        done = (Done(0, 1, Outcome()), Ended(end)) if end is End.DONE else (Ended(end),)
        lease = book.lock.status().lease
        assert lease is not None
        book.journal.append("r1", *done, epoch=lease.epoch)
        book.lock.release(lease)
    assert "may answer" not in _text(place, capsys)


def test_a_default_action_needs_a_time(place: Path, capsys: Capture) -> None:
    waiting(place, "ann@ops", "{then: abort}")
    assert approve(place) == 2
    assert "a timeout such as 2h, after which to abort" in capsys.readouterr().err
