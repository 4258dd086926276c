"""Own metrics: what Prometheus' own tool finds well-formed, and the numbers in it"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deployer.cli.main import run
from deployer.errors import UsageError
from deployer.events import Record
from deployer.lock import Lease, LockStatus
from deployer.metrics import exposition, write
from deployer.report.account import account
from deployer.textfile import Textfile
from tests.cli import journals
from tests.report import records, test_course
from tests.report.test_verdicts import failed

FREE = LockStatus(None, 7)
HELD = LockStatus(Lease("shop", 7, "r1", "ann@ops", "", 1_000.0, 1_090.0), 7, age=10.0, stale=True)
RUNS = {
    "went well": records.went_well(),
    "put back": records.put_back(),
    "killed": records.killed(),
    "waited": test_course.waited(),
    "evacuated": test_course.evacuated(),
    "judged": failed().it.journal.records,
}


def told(run: list[Record], lock: LockStatus = FREE, now: float = 1_100.0) -> dict[str, float]:
    """Samples by name and labels, without the service."""
    text = exposition("shop", account(run) if run else None, lock, now)
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()) if name != "service")
            found[f"{sample.name}{{{labels}}}".replace("{}", "")] = sample.value
    return found


@pytest.mark.parametrize("name", RUNS)
def test_promtool_finds_nothing_to_complain_of(name: str) -> None:
    text = exposition("shop", account(RUNS[name]), HELD, 1_100.0)
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_run_that_waits_and_its_times() -> None:
    waits = told(test_course.waited()[:9])
    assert waits["deployer_run_state{state=waiting}"] == 1
    assert sum(value for name, value in waits.items() if name.startswith("deployer_run_state")) == 1
    ended = told(test_course.waited())
    assert ended["deployer_run_duration_seconds{on=waiting}"] == 3_600
    assert ended["deployer_run_duration_seconds{on=watching}"] == 20
    assert ended["deployer_run_duration_seconds{on=working}"] == 15
    assert ended["deployer_share_ratio{scope=dc1,to=1.1.0}"] == 0.5


def test_a_run_under_way_has_its_step_and_its_hosts() -> None:
    found = told(records.killed())
    assert found["deployer_run_state{state=running}"] == 1
    assert found["deployer_run_current_step{line=0,site=dc1,verb=deploy}"] == 3
    assert (found["deployer_hosts{site=dc1}"], found["deployer_hosts_in_service{site=dc1}"]) == (2, 1)


def test_the_gate_and_the_lock() -> None:
    found = told(failed().it.journal.records, HELD)
    assert found["deployer_gate_score"] == 0
    assert found["deployer_gate_requests{release=1.1,result=failed}"] > 0
    assert (found["deployer_lock_age_seconds"], found["deployer_lock_silent_seconds"]) == (100, 10)
    assert (found["deployer_lock_held"], found["deployer_lock_stale"]) == (1, 1)


def test_before_the_first_run_there_is_the_lock() -> None:
    assert told([]) == {"deployer_lock_held": 0, "deployer_lock_stale": 0}


def test_a_file_is_written_while_a_run_goes_on_and_in_its_end(tmp_path: Path) -> None:
    path, complaints = tmp_path / "shop.prom", list[str]()
    with Textfile(path, 0.01, "shop", lambda: FREE, complaints.append) as file:
        file.hear(records.killed()[0])
        until = time.monotonic() + 60
        while not path.exists():
            assert time.monotonic() < until
            time.sleep(0.01)
        assert 'state="running"} 1.0' in path.read_text()
        file.catch_up(records.went_well())
    assert 'state="done"} 1.0' in path.read_text()
    assert [one.name for one in tmp_path.iterdir()] == ["shop.prom"]
    assert not complaints


def test_a_file_that_cannot_be_written_is_named_and_hurts_nobody(tmp_path: Path) -> None:
    complaints: list[str] = []
    with Textfile(tmp_path / "no" / "shop.prom", 60, "shop", lambda: FREE, complaints.append) as file:
        file.catch_up(records.went_well())
    (said,) = complaints
    assert "shop.prom: the metrics cannot be written there: No such file" in said
    with pytest.raises(UsageError):
        write(tmp_path / "no" / "x", "")


def test_the_verb_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = journals.inventory(tmp_path)
    journals.write(place, "20231115-221320-bbbb", records.put_back())
    assert run(["metrics", "-i", str(place)]) == 0
    shown = capsys.readouterr().out
    assert 'deployer_run_state{service="shop",state="put back"} 1.0' in shown
    assert run(["metrics", "-i", str(place), "-o", str(tmp_path / "m.prom")]) == 0
    assert (tmp_path / "m.prom").read_text().splitlines()[0] == shown.splitlines()[0]
