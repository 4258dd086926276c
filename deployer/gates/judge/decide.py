"""Stage 6, decide: FAIL where harm is shown, PASS where it is excluded, else INCONCLUSIVE; silence never passes"""

from __future__ import annotations

from collections.abc import Sequence

from deployer.gates.judge.config import Config
from deployer.gates.judge.judgement import Label, MetricJudgement
from deployer.gates.judge.score import Score
from deployer.model import Verdict


def decide(config: Config, score: Score) -> tuple[Verdict, str]:
    """The verdict and the sentence that says why."""
    critical = {metric.name for metric in config.metrics if metric.critical}
    shown = [one for one in score.counted if one.bad and (one.name in critical or one.critical)]
    if shown:
        return Verdict.FAIL, _because(shown)
    bad = [one for one in score.counted if one.bad]
    if bad and score.possible < config.marginal:
        return Verdict.FAIL, f"at most {score.possible:.0f} of 100 can pass, {config.marginal:g} must: {_because(bad)}"
    silent = [one for one in score.counted if one.silent]
    if silent or not score.counted:
        return Verdict.INCONCLUSIVE, _because(silent) or "no metric was judged"
    open_ = [one for one in score.counted if one.label is not Label.PASS and one.name in critical]
    if open_ or score.passed < config.pass_:
        rest = open_ or [one for one in score.counted if one.label is not Label.PASS]
        return Verdict.INCONCLUSIVE, f"{score.passed:.0f} of 100 passed, {config.pass_:g} must: {_because(rest)}"
    return Verdict.PASS, _passed(score, bad)


def _because(told: Sequence[MetricJudgement]) -> str:
    return "; ".join(one.reason for one in told)


def _passed(score: Score, bad: Sequence[MetricJudgement]) -> str:
    names = ", ".join(one.name for one in score.counted if one.label is Label.PASS)
    whole = f"{score.passed:.0f} of 100 passed: no harm beyond what is allowed in {names}"
    return f"{whole}; in spite of {_because(bad)}" if bad else whole
