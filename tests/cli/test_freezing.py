"""freeze: said on one machine, true for all who share the journal"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from deployer.cli import main
from deployer.cli.books import books
from deployer.cli.freezing import let_go, refuse_frozen, terms, until
from deployer.cli.options import Ground, Override
from deployer.cli.person import person
from deployer.cli.workplace import Workplace
from deployer.errors import Refused, UsageError
from deployer.events import SERVICE, Frozen, Overrode
from deployer.settings.file import read
from deployer.settings.place import settings_file
from tests.cli import journals
from tests.memory import Memory
from tests.report import records
from tests.runs import pool

Capture = pytest.CaptureFixture[str]
ALWAYS = "freeze: {zone: Asia/Seoul, dates: [1971-01-01 - 2999-12-31]}\n"
NEVER = Override()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return journals.inventory(tmp_path)


@pytest.fixture
def memory() -> Memory:
    return pool(size=2)


def freeze(place: Path, *words: str) -> int:
    return main.run(["freeze", "-i", str(place), *words])


def working(place: Path, memory: Memory) -> Iterator[Workplace]:
    ground, nothing = Ground(place), cast("Any", None)
    with books(ground, read_only=False) as book:
        settings = read(settings_file(place))
        yield Workplace(ground, settings, nothing, book, nothing, nothing, memory.world())


@pytest.fixture
def work(place: Path, memory: Memory) -> Iterator[Workplace]:
    yield from working(place, memory)


def test_said_seen_and_lifted(place: Path, capsys: Capture) -> None:
    assert freeze(place) == 0
    assert capsys.readouterr().out == "shop: nothing is frozen\n"
    assert freeze(place, "--reason", "payments are down", "--until", "2h") == 0
    assert freeze(place, "--json") == 0
    told = capsys.readouterr().out
    assert f"shop: frozen by {person()} until " in told
    said = json.loads(told[told.index("{") :])
    assert (said["frozen"], said["freezes"][0]["reason"], said["next"]) == (True, "payments are down", None)
    assert said["freezes"][0]["until"] == pytest.approx(said["freezes"][0]["since"] + 7200, abs=5)
    assert freeze(place, "--lift", "--reason", "back") == 0
    assert capsys.readouterr().out == "shop: nothing is frozen\n"


def test_a_freeze_is_no_run(place: Path, capsys: Capture) -> None:
    journals.write(place, "r1", records.went_well())
    assert freeze(place, "--reason", "payments are down") == 0
    assert main.run(["status", "-i", str(place)]) == 0
    assert "payments are down" in capsys.readouterr().out
    assert freeze(place, "--lift") == 0
    with journals.writing(place) as book:
        assert [head.run for head in book.journal.runs()] == ["r1"]
        assert [found.run for found in book.past(9)] == ["r1"]
        assert book.unfinished() == ""
    assert main.run(["status", "-i", str(place)]) == 0
    assert main.run(["history", "-i", str(place)]) == 0
    assert "r1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--lift",), "nobody has frozen anything"),
        (("--until", "2h"), "why is it frozen?"),
        (("--reason", "x", "--until", "soon"), "'soon' is no time to come"),
        (("--reason", "x", "--until", "2001-01-01 09:00"), "is no time to come"),
        (("--reason", "x", "--until", "0s"), "is no time to come"),
    ],
)
def test_what_makes_no_sense_is_refused(place: Path, capsys: Capture, words: tuple[str, ...], said: str) -> None:
    assert freeze(place, *words) == 2
    assert said in capsys.readouterr().err
    with journals.writing(place) as book:
        assert book.journal.word() is None


def test_a_window_of_deployer_yml_cannot_be_lifted(place: Path, capsys: Capture) -> None:
    with (place / "deployer.yml").open("a") as file:
        file.write(ALWAYS)
    assert freeze(place, "--lift") == 2
    assert freeze(place) == 0
    assert (
        "frozen until 2999-12-31 15:00:00 UTC: window 1971-01-01 - 2999-12-31 (Asia/Seoul)" in capsys.readouterr().out
    )


def test_a_release_is_refused_with_who_and_until_when(work: Workplace) -> None:
    assert terms(work, NEVER).bound
    work.books.journal.append(SERVICE, Frozen("eve@ops", "payments are down", 4_102_444_800.0), epoch=None)
    with pytest.raises(Refused) as refused:
        terms(work, NEVER)
    assert refused.value.exit_code == 3
    assert refused.value.what == "frozen by eve@ops until 2100-01-01 00:00:00 UTC: payments are down"
    assert "--override-freeze REASON --second NAME" in refused.value.remedy
    with pytest.raises(Refused, match="a drill waits"):
        refuse_frozen(work.books, work.ground, "a drill")


def test_a_check_is_only_told(work: Workplace, capsys: Capture) -> None:
    work.books.journal.append(SERVICE, Frozen("eve@ops", "payments are down"), epoch=None)
    assert terms(work, NEVER, check=True).bound
    assert "note  frozen by eve@ops: payments are down" in capsys.readouterr().err


def test_two_people_override_what_is_frozen_now(work: Workplace) -> None:
    work.books.journal.append(SERVICE, Frozen("eve@ops", "payments are down"), epoch=None)
    (said,) = terms(work, Override("it mends the outage", "bob")).overrides
    assert said == Overrode(person(), "bob", "it mends the outage", "record 1")
    with pytest.raises(Refused, match="alone"):
        terms(work, Override("it mends the outage", person()))


def test_a_second_who_may_not_answer_here_counts_for_nothing(place: Path, memory: Memory) -> None:
    with (place / "deployer.yml").open("a") as file:
        file.write(f"{ALWAYS}approvals: {{of: [bob]}}\n")
    for work in working(place, memory):
        assert len(terms(work, Override("now", "bob")).overrides) == 1
        with pytest.raises(Refused, match="only bob"):
            terms(work, Override("now", "carl"))


def test_a_run_that_holds_is_let_go_by_two(work: Workplace, place: Path) -> None:
    journals.write(place, "r1", records.killed())
    with pytest.raises(UsageError, match="nothing is frozen"):
        let_go(work, "r1", Override("now", "bob"))
    work.books.journal.append(SERVICE, Frozen("eve@ops", "payments are down"), epoch=None)
    assert not let_go(work, "r1", Override("now", "bob")), "nobody is at work: it goes on here"
    lease = work.books.lock.take("r1", "ann@ops", "a test")
    assert let_go(work, "r1", Override("now", "bob")), "its orchestrator was told"
    work.books.lock.release(lease)
    assert len([one for one in work.books.records("r1") if isinstance(one.event, Overrode)]) == 2
    assert work.books.unfinished() == "r1"


def test_until_is_a_wall_clock_of_the_windows() -> None:
    assert until("", 0.0, "UTC") is None
    assert until("90m", 100.0, "UTC") == 5500.0
    assert until("09:00", 0.0, "Asia/Seoul") == 24 * 3600, "1970-01-01 09:00 in Seoul is 0, so tomorrow's"
