"""A judgement as a runbook: each metric validated, cleaned, compared and combined, then scored and decided"""

from __future__ import annotations

import numpy as np

from deployer.gates.judge.allowance import alphas
from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config
from deployer.gates.judge.data import Data
from deployer.gates.judge.decide import decide
from deployer.gates.judge.judgement import Judgement, MetricJudgement
from deployer.gates.judge.metric import judge_metric
from deployer.gates.judge.score import score
from deployer.gates.judge.validate import sites


def judge(config: Config, data: Data, budget: Budget) -> Judgement:
    """Whatever the data, a verdict, finite numbers and a sentence."""
    spent = alphas(config, budget)
    with np.errstate(all="ignore"):
        told = [
            judge_metric(metric, data, spent[metric.name], config.confidence, repeated=budget.repeated)
            for metric in config.metrics
        ]
    scored = score(config, [one.pooled for one in told])
    verdict, reason = decide(config, scored)
    each: dict[str, tuple[MetricJudgement, ...]] = {}
    for one in told:
        for at in one.sites:
            each[at.site] = (*each.get(at.site, ()), at)
    ordered = {site: each[site] for site in sites(data) if site in each}
    return Judgement(verdict, scored.passed, reason, tuple(one.pooled for one in told), ordered, data.against)
