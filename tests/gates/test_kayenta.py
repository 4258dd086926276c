"""A canary config of Kayenta means here what it means there, but for its defects"""

from __future__ import annotations

import pytest

from deployer.errors import UsageError
from deployer.gates import written
from deployer.gates.judge.config import Direction, Effect, Kind, Measure, Nan, Outliers
from deployer.gates.judge.ready import READY, default
from deployer.gates.kayenta import imported

CONFIG = {
    "name": "shop",
    "judge": {"name": "NetflixACAJudge-v1.0", "judgeConfigurations": {}},
    "metrics": [
        {
            "name": "error rate",
            "groups": ["Errors", "All"],
            "query": {"type": "prometheus"},
            "analysisConfigurations": {
                "canary": {
                    "direction": "increase",
                    "critical": True,
                    "mustHaveData": True,
                    "nanStrategy": "replace",
                    "effectSize": {"allowedIncrease": 1.1, "criticalIncrease": 1.5},
                }
            },
        },
        {
            "name": "requests",
            "groups": ["System"],
            "analysisConfigurations": {
                "canary": {
                    "direction": "decrease",
                    "outliers": {"strategy": "remove"},
                    "effectSize": {"measure": "cles", "allowedDecrease": 0.4},
                }
            },
        },
        {"name": "cpu", "groups": ["System"]},
    ],
    "classifier": {"groupWeights": {"Errors": 60, "System": 40}, "scoreThresholds": {"pass": 90, "marginal": 60}},
}


def test_a_config_is_read_with_groups_thresholds_and_effects() -> None:
    config, notes = imported(CONFIG)
    errors, requests, cpu = config.metrics
    assert (config.pass_, config.marginal, config.confidence) == (90, 60, 0.98)
    assert config.groups == {"Errors": 60.0, "System": 40.0}
    assert (errors.kind, errors.critical, errors.nan, errors.must_have_data) == (Kind.SAMPLES, True, Nan.ZERO, True)
    assert errors.effect == Effect(Measure.MEAN_RATIO, 1.1, 1.5)
    assert (requests.direction, requests.outliers) == (Direction.DECREASE, Outliers.IQR3)
    assert requests.effect == Effect(Measure.CLES, 0.6, None)
    assert (cpu.direction, cpu.effect.allowed) == (Direction.EITHER, 1.0)
    assert "error rate: of its groups Errors, All the first counts" in notes


@pytest.mark.parametrize("wrong", [[], {}, {"metrics": []}, {"metrics": [{}]}, {"metrics": [{"name": "a"}] * 2}])
def test_what_is_no_such_config_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError):
        imported(wrong)


def test_a_config_that_is_written_is_read_again_as_it_was() -> None:
    for config in (default(READY), imported({**CONFIG, "metrics": CONFIG["metrics"][1:]})[0]):  # type: ignore[index]
        again = written.read(written.written(config), "test")
        assert written.written(again) == written.written(config)


def test_single_values_are_set_by_their_path() -> None:
    config = written.changed(default(["cpu"]), ["pass=90", "metrics.cpu.effect.allowed=1.5", "metrics.cpu.muted=true"])
    assert (config.pass_, config.metrics[0].effect.allowed, config.metrics[0].muted) == (90.0, 1.5, True)


@pytest.mark.parametrize("wrong", ["pass", "pas=90", "pass=high", "metrics.memory.weight=3", "metrics.cpu.wight=3"])
def test_a_setting_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError):
        written.changed(default(["cpu"]), [wrong])
