"""deployer judge: files in, a verdict and its exit code out; past verdicts and configs by the same words"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployer.cli.main import run
from tests.cli import journals
from tests.report.test_verdicts import failed, read

GOOD = {
    "site": "dc1",
    "metrics": {
        "error_rate": {"kind": "counts", "bad": 12, "total": 10000},
        "latency": {
            "kind": "histogram",
            "unit": "s",
            "le": [0.05, 0.1, 0.25, 1, "inf"],
            "count": [9000, 800, 150, 40, 10],
        },
        "cpu": {"kind": "samples", "values": [0.41, 0.40, None, *[0.39, 0.42, 0.4] * 6], "step": 15},
    },
}
CONFIG = """\
pass: 90
marginal: 70
confidence: 0.98
metrics:
  cpu: {direction: increase, critical: false, group: saturation, weight: 1, effect: {measure: mean_ratio, allowed: 1.1,
    critical: 1.5}, nan: drop, outliers: keep, min_points: 10, must_have_data: true, muted: false}
groups: {errors: 50, latency: 40, saturation: 10}
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bad = json.loads(json.dumps(GOOD))
    bad["metrics"]["error_rate"]["bad"] = 200
    few = {"metrics": {"error_rate": {"kind": "counts", "bad": 0, "total": 9}}, "site": "dc1"}
    for name, side in (("good", GOOD), ("bad", bad), ("few", few)):
        Path(f"{name}.json").write_text(json.dumps(side))
    Path("gate.yml").write_text(CONFIG)


@pytest.mark.parametrize(
    ("canary", "code", "verdict"), [("good", 0, "PASS"), ("bad", 5, "FAIL"), ("few", 7, "INCONCLUSIVE")]
)
def test_the_verdict_is_told_and_is_the_exit_code(
    canary: str, code: int, verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["judge", "--baseline", "good.json", "--canary", f"{canary}.json"]
    assert run(words) == code
    assert capsys.readouterr().out.startswith(f"{verdict}  score ")
    assert run([*words, "--json"]) == code
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == verdict
    assert said["metrics"]["error_rate"].keys() >= {
        "label",
        "effect",
        "interval",
        "p",
        "n",
        "n_effective",
        "needs",
        "reason",
    }
    assert said["sites"]["dc1"]["error_rate"]


def test_the_documented_config_is_read_and_its_values_can_be_set(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["judge", "--baseline", "good.json", "--canary", "bad.json", "--config", "gate.yml", "--json"]
    assert run(words) == 0
    assert list(json.loads(capsys.readouterr().out)["metrics"]) == ["cpu"]
    assert run([*words, "--set", "metrics.cpu.min_points=50"]) == 7
    assert "at least 50 are needed" in json.loads(capsys.readouterr().out)["reason"]
    assert run([*words, "--set", "metrics.cpu.min_point=50"]) == 2


@pytest.mark.parametrize(
    "config",
    ["pass: 101", "metrics: {cpu: {directoin: increase}}", "metrics: {}", "marginal: 99\npass: 50", "- 1", "{"],
)
def test_a_config_that_is_none_is_refused(config: str) -> None:
    Path("gate.yml").write_text(config)
    assert run(["judge", "--baseline", "good.json", "--canary", "good.json", "--config", "gate.yml"]) == 2


def test_own_metrics_need_no_kind_where_the_data_have_one(capsys: pytest.CaptureFixture[str]) -> None:
    side = {"site": "dc1", "metrics": {"queue": {"kind": "samples", "values": [3.0, 4.0] * 20, "step": 15}}}
    Path("own.json").write_text(json.dumps(side))
    Path("gate.yml").write_text("metrics: {queue: {critical: true}}")
    assert run(["judge", "--baseline", "own.json", "--canary", "own.json", "--config", "gate.yml"]) == 0
    assert run(["judge", "--baseline", "own.json", "--canary", "own.json"]) == 0


def test_a_config_of_kayenta_judges_or_is_printed_as_ours(capsys: pytest.CaptureFixture[str]) -> None:
    Path("kayenta.json").write_text(json.dumps({"metrics": [{"name": "cpu", "groups": ["System"]}]}))
    assert run(["judge", "--import-kayenta", "kayenta.json"]) == 0
    Path("ours.yml").write_text(capsys.readouterr().out)
    words = ["judge", "--baseline", "good.json", "--canary", "good.json", "--json"]
    codes = [run([*words, *config]) for config in (["--import-kayenta", "kayenta.json"], ["--config", "ours.yml"])]
    first, second = capsys.readouterr().out.split("}\n{", 1)
    assert codes[0] == codes[1]
    assert json.loads(first + "}") == json.loads("{" + second)


def test_trials_of_the_baseline_against_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["judge", "--aa", "40", "--baseline", "good.json", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert sum(said["verdicts"].values()) == 40
    assert said["false_abort"] <= said["false_abort_below"] < 0.3
    assert run(["judge", "--aa", "5", "--baseline", "good.json"]) == 0
    assert "aborted by mistake" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [[], ["--baseline", "good.json"], ["--aa", "5"], ["--canary", "gone.json", "--baseline", "good.json"]]
)
def test_what_is_missing_is_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["judge", *words]) == 2
    assert "next" in capsys.readouterr().err


def test_a_past_verdict_is_judged_again_with_other_bars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run's errors and latencies are in its journal; the same bars give the same verdict, to the last digit."""
    place = journals.inventory(tmp_path)
    journals.write(place, "20261128-0100-aaaa", failed().it.journal.records)
    words = ["judge", "-i", str(place), "--json", "--replay"]
    assert run([*words, "2026"]) == 5
    told = capsys.readouterr()
    (one,) = read(failed()).verdicts
    assert one.judged
    assert json.loads(told.out)["reason"] == one.judged.judgement.reason
    assert "it was  score" in told.err
    assert run([*words, f"2026:{one.number}", "--set", "metrics.error_rate.muted=true"]) in (0, 7)
    assert json.loads(capsys.readouterr().out)["metrics"]["error_rate"]["muted"] is True
    assert run([*words, "2026:99"]) == 2
    assert run([*words, "1999"]) == 2
