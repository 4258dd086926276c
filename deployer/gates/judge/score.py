"""Stage 5, score: the weight of what passed, in groups that are normalised over those present"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deployer.gates.judge.allowance import weights
from deployer.gates.judge.config import Config
from deployer.gates.judge.judgement import Label, MetricJudgement


@dataclass(frozen=True, slots=True)
class Score:
    """`passed` is the weight of what passed, `possible` with all that is still open, 0 to 100.

    `counted` are the metrics that count: not muted, and not absent where they need not be there.
    """

    passed: float
    possible: float
    counted: tuple[MetricJudgement, ...]


def score(config: Config, told: Sequence[MetricJudgement]) -> Score:
    by_name = {metric.name: metric for metric in config.metrics}
    counted = tuple(one for one in told if not one.muted and not (one.label is Label.NO_DATA and not one.silent))
    heavy = weights(config, tuple(by_name[one.name] for one in counted))
    passed = 100 * sum(heavy[one.name] for one in counted if one.label is Label.PASS)
    lost = 100 * sum(heavy[one.name] for one in counted if one.bad)
    return Score(round(passed, 6), round(100 - lost if counted else 0.0, 6), counted)
