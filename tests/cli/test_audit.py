"""audit: what is printed, and the exit code"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployer.cli import main
from deployer.cli.person import person
from deployer.events import SERVICE, LockBroken
from tests.cli import journals
from tests.report import records

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    found = journals.inventory(tmp_path)
    journals.write(found, "r1", records.went_well())
    return found


def audit(place: Path, *words: str) -> int:
    return main.run(["audit", "-i", str(place), *words])


def damage(place: Path) -> None:
    with journals.writing(place) as book:
        book.store.write(
            "shop",
            lambda rows: rows.do("UPDATE deployer_journal SET at = at + 1 WHERE seq = 3"),
        )


def test_who_did_what_and_a_head_to_keep(place: Path, capsys: Capture) -> None:
    assert main.run(["freeze", "--reason", "payments are down", "-i", str(place)]) == 0
    capsys.readouterr()
    assert audit(place) == 0
    told = capsys.readouterr().out
    assert "r1  ann@ops began rolling, shop 1.1.0" in told
    assert f"{person()} froze releases: payments are down" in told
    head = told.split("head ")[1].strip()
    assert "every link holds" in told
    assert main.run(["freeze", "--lift", "-i", str(place)]) == 0
    assert audit(place, "--verify", "--known", head) == 0
    assert audit(place, "--verify", "--known", f"{head[:-1]}{'0' if head[-1] != '0' else '1'}") == 6
    assert "that was noted down" in capsys.readouterr().out
    assert audit(place, "--known", "x") == 2


def test_a_broken_chain_ends_with_6_and_names_the_place(place: Path, capsys: Capture) -> None:
    damage(place)
    assert audit(place, "--verify") == 6
    assert capsys.readouterr().out.startswith("shop: DAMAGED at record 3, run r1: it was changed")
    assert audit(place, "--json") == 6
    said = json.loads(capsys.readouterr().out)
    assert said["journals"][0]["broken"]["record"] == 3
    assert said["acts"][0]["what"] == "began rolling, shop 1.1.0", "what lies before it is told"


def test_a_lock_that_is_freed_is_written_down(place: Path) -> None:
    with journals.writing(place) as book:
        book.lock.take("r2", "ann@ops", "a test")
    assert main.run(["lock", "release", "--yes", "--reason", "the agent died", "-i", str(place)]) == 0
    with journals.writing(place) as book:
        said = book.journal.since(SERVICE, 0)[-1]
        assert said.event == LockBroken(person(), "the agent died", "ann@ops", "r2")
        assert book.journal.word() is None, "that is no word on a freeze"
