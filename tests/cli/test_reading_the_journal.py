"""status, history, show and lock over a journal written by hand"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.cli.main import run
from deployer.events import Planned
from tests.cli import journals
from tests.report import records

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    where = journals.inventory(tmp_path)
    journals.write(where, "20231114-221320-aaaa", records.went_well())
    journals.write(where, "20231115-221320-bbbb", records.put_back())
    return where


def test_status_tells_the_last_run_and_the_lock(place: Path, capsys: Capture) -> None:
    assert run(["status", "-i", str(place)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("shop: the lock is free\n")
    assert "run 20231115-221320-bbbb: shop 1.1.0, rolling: failed, and everything was put back" in said


def test_status_as_json(place: Path, capsys: Capture) -> None:
    assert run(["status", "-i", str(place), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["service"], said["run"]["end"], said["lock"]["held"]) == ("shop", "put back", False)


def test_status_where_nothing_was_run_creates_nothing(tmp_path: Path, capsys: Capture) -> None:
    where = journals.inventory(tmp_path)
    assert run(["status", "-i", str(where)]) == 0
    assert "nothing was run yet" in capsys.readouterr().out
    assert sorted(path.name for path in where.iterdir()) == ["deployer.yml", "hosts.yml"]


def test_status_tells_a_killed_run_from_one_under_way(place: Path, capsys: Capture) -> None:
    with journals.writing(place) as book:
        lease = book.lock.take("r-killed", "ann@ops", "a test")
        book.journal.append("r-killed", *(record.event for record in records.killed()), epoch=lease.epoch)
        run(["status", "-i", str(place)])
        assert "rolling: under way" in capsys.readouterr().out
        book.lock.release(lease)
    run(["status", "-i", str(place)])
    assert "its orchestrator is gone" in capsys.readouterr().out


def test_status_tells_of_the_deployment_that_an_evacuation_came_over(place: Path, capsys: Capture) -> None:
    journals.write(place, "20231116-221320-cccc", records.killed())
    planned, *rest = records.went_well()
    assert isinstance(planned.event, Planned)
    plan = replace(planned.event.plan, intent=records.intent(strategy="evacuate"))
    evacuation = [replace(planned, event=replace(planned.event, plan=plan)), *rest]
    journals.write(place, "20231117-221320-dddd", evacuation)
    run(["status", "-i", str(place)])
    said = capsys.readouterr().out
    assert "run 20231117-221320-dddd: shop 1.1.0, evacuate: done" in said
    assert "and behind it, run 20231116-221320-cccc: shop 1.1.0, rolling: not ended" in said
    assert f"next      deployer resume 20231116-221320-cccc -i {place}" in said
    run(["status", "--json", "-i", str(place)])
    assert json.loads(capsys.readouterr().out)["behind"] == "20231116-221320-cccc"


def test_the_run_that_was_taken_up_again_is_the_last_one(place: Path, capsys: Capture) -> None:
    killed = records.killed()
    journals.write(place, "20231116-221320-cccc", killed)
    journals.write(place, "20231117-221320-dddd", records.went_well())
    journals.write(place, "20231116-221320-cccc", records.went_well()[len(killed) - 1 :])
    for words in (["status"], ["show"], ["status", "--watch"]):
        assert run([*words, "-i", str(place)]) == 0
        said = capsys.readouterr()
        assert "run 20231116-221320-cccc" in said.out, words


def test_history_is_newest_first(place: Path, capsys: Capture) -> None:
    assert run(["history", "-i", str(place)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("20231115-221320-bbbb")
    assert second.startswith("20231114-221320-aaaa")
    assert "shop 1.1.0, rolling: everything was put back" in first


def test_history_as_json(place: Path, capsys: Capture) -> None:
    assert run(["history", "-i", str(place), "--json", "-n", "1"]) == 0
    (only,) = json.loads(capsys.readouterr().out)
    assert (only["run"], only["end"], only["owner"]) == ("20231115-221320-bbbb", "put back", "ann@ops")


@pytest.mark.parametrize("named", ["20231114-221320-aaaa", "20231114"])
def test_show_takes_the_beginning_of_a_name(place: Path, named: str, capsys: Capture) -> None:
    assert run(["show", named, "-i", str(place)]) == 0
    assert capsys.readouterr().out.startswith("run 20231114-221320-aaaa: shop 1.1.0, rolling: done\n")


@pytest.mark.parametrize(("named", "why"), [("2023", "could be any of"), ("nope", "there is no run 'nope'")])
def test_show_refuses_a_name_that_is_none(place: Path, named: str, why: str, capsys: Capture) -> None:
    assert run(["show", named, "-i", str(place)]) == 2
    assert why in capsys.readouterr().err


def test_show_plan_and_logs(place: Path, capsys: Capture) -> None:
    assert run(["show", "-i", str(place), "--plan"]) == 0
    assert "9  readmit dc1-web2" in capsys.readouterr().out
    assert run(["logs", "-i", str(place)]) == 0
    assert "FAILED dc1-web1: answers 503" in capsys.readouterr().out


def test_show_leaves_papers(place: Path, tmp_path: Path) -> None:
    papers = tmp_path / "deep" / "papers"
    assert run(["show", "-i", str(place), "--report-dir", str(papers), "--junit", str(tmp_path / "j.xml")]) == 0
    assert sorted(path.name for path in papers.iterdir()) == ["junit.xml", "report.html", "report.json", "runbook.txt"]
    assert (tmp_path / "j.xml").read_text() == (papers / "junit.xml").read_text()


def test_the_lock_is_shown_and_freed_with_a_reason(place: Path, capsys: Capture) -> None:
    with journals.writing(place) as book:
        lease = book.lock.take("r9", "bob@ops2", "the weekly release")
        assert run(["lock", "status", "-i", str(place)]) == 0
        assert capsys.readouterr().out.startswith("held by bob@ops2 for run r9 (the weekly release) since")
        assert run(["lock", "release", "-i", str(place), "--reason", "bob went home"]) == 2
        assert "there is no terminal to ask on" in capsys.readouterr().err
        assert run(["lock", "release", "-i", str(place), "--reason", "bob went home", "--yes"]) == 0
        assert "deployer resume r9" in capsys.readouterr().err
        book.lock.release(lease)
    assert run(["lock", "status", "-i", str(place)]) == 0
    assert "bob went home" in capsys.readouterr().out


def test_an_epoch_is_adopted(place: Path) -> None:
    assert run(["lock", "adopt", "41", "-i", str(place), "--yes"]) == 0
    with journals.writing(place) as book:
        assert book.lock.take("r", "ann@ops", "").epoch == 42


def test_reading_the_journal_loads_nothing_heavy(place: Path) -> None:
    program = (
        "import sys\nfrom deployer.cli.main import run\n"
        "assert run(sys.argv[1:]) == 0\n"
        "heavy = {'ansible', 'paramiko', 'fabric', 'pydantic', 'rich', 'requests', 'jinja2', 'psycopg'}\n"
        "print(*sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    words = [sys.executable, "-c", program, "status", "-i", str(place)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr.strip() == ""


def test_a_report_is_a_file_of_ones_own_choice_or_goes_on(
    place: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["report", "20231114", "-i", str(place)]) == 0
    assert capsys.readouterr().err == "wrote report-20231114-221320-aaaa.html\n"
    page = (tmp_path / "report-20231114-221320-aaaa.html").read_text()
    assert "run 20231114-221320-aaaa: shop 1.1.0, rolling: done" in page
    assert run(["report", "-i", str(place), "--json", "-o", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["run"] == "20231115-221320-bbbb"
    assert run(["report", "-i", str(place), "--junit", "-o", "j.xml"]) == 0
    assert (tmp_path / "j.xml").read_text().startswith("<testsuites")
    assert run(["report", "-i", str(place), "-o", "no/where.html"]) == 2
    assert "No such file" in capsys.readouterr().err
