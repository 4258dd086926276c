"""Which run resume, abort and approve mean when none is named"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.errors import UsageError
from deployer.events import Planned, Record
from tests.cli import journals
from tests.report import records


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return journals.inventory(tmp_path)


def by_hand(told: Iterable[Record]) -> list[Record]:
    """The same run, as if it had been a drain."""
    return [
        replace(one, event=replace(one.event, plan=replace(one.event.plan, intent=records.intent(strategy="drain"))))
        if isinstance(one.event, Planned)
        else one
        for one in told
    ]


def test_one_that_waits_behind_an_act_by_hand(place: Path) -> None:
    journals.write(place, "r1-killed", records.killed())
    journals.write(place, "r2-drain", by_hand(records.went_well()))
    with journals.writing(place) as book:
        assert book.going("") == "r1-killed"
        assert book.going("r2") == "r2-drain", "who is named is meant"


def test_none_behind_a_deployment_that_has_ended(place: Path) -> None:
    journals.write(place, "r1-killed", records.killed())
    journals.write(place, "r2-went-well", records.went_well())
    with journals.writing(place) as book, pytest.raises(UsageError, match="no run is under way, or waits"):
        book.going("")


def test_the_one_at_work(place: Path) -> None:
    journals.write(place, "r1-went-well", records.went_well())
    with journals.writing(place) as book:
        lease = book.lock.take("r2", "ann@ops", "a test")
        book.journal.append("r2", *(record.event for record in records.killed()), epoch=lease.epoch)
        assert book.going("") == "r2"
        book.lock.release(lease)


def test_nothing_was_run_yet(place: Path) -> None:
    with journals.writing(place) as book, pytest.raises(UsageError, match="nothing was run for shop yet"):
        book.going("")
