"""A run watched by its journal, from another process than the one that walks it"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from deployer.cli.main import run
from deployer.lock import Lease
from tests.cli import journals
from tests.report import records

Capture = pytest.CaptureFixture[str]
RUN = "20231115-221320-bbbb"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return journals.inventory(tmp_path)


@pytest.fixture
def held(place: Path) -> Iterator[Lease]:
    """The run as far as its fourth step, its orchestrator at work."""
    with journals.writing(place) as book:
        lease = book.lock.take(RUN, "ann@ops", "a test")
        book.journal.append(RUN, *(record.event for record in records.put_back()[:6]), epoch=lease.epoch)
        yield lease
        book.lock.release(lease)


def _goes_on(place: Path, lease: Lease) -> None:
    with journals.writing(place) as book:
        for record in records.put_back()[6:]:
            book.journal.append(RUN, record.event, epoch=lease.epoch)


@pytest.mark.parametrize("words", [["logs", "--follow"], ["status", "--watch"]])
def test_what_happens_meanwhile_is_told_to_the_end(
    words: list[str], place: Path, held: Lease, capfd: pytest.CaptureFixture[str]
) -> None:
    codes: list[int] = []
    watching = Thread(target=lambda: codes.append(run([*words, "-i", str(place)])))
    watching.start()
    _goes_on(place, held)
    watching.join(60)
    assert codes == [5 if "--watch" in words else 0]
    out, err = capfd.readouterr()
    told = err if "--watch" in words else out
    assert told.index("taken by ann@ops") < told.index("FAILED dc1-web1: answers 503") < told.index("was put back")


@pytest.mark.usefixtures("held")
def test_watching_ends_with_7_when_the_time_is_over(place: Path, capsys: Capture) -> None:
    assert run(["status", "--watch", "--timeout", "10ms", "-i", str(place)]) == 7
    assert "it goes on" in capsys.readouterr().err


def test_watching_says_that_nobody_walks_the_run_any_more(place: Path, capsys: Capture) -> None:
    journals.write(place, RUN, records.killed())
    assert run(["logs", "-f", "-i", str(place)]) == 6
    assert f"deployer resume {RUN}" in capsys.readouterr().err


def test_a_timeout_is_a_duration(place: Path, capsys: Capture) -> None:
    assert run(["status", "--watch", "--timeout", "soon", "-i", str(place)]) == 2
    assert "'soon' is not a duration such as 30s" in capsys.readouterr().err
