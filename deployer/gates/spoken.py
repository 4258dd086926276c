"""A judgement in a few lines: what the judge says of each metric, and how long what is missing will take"""

from __future__ import annotations

from deployer.gates.judge.judgement import Judgement, MetricJudgement


def summary(said: Judgement) -> str:
    """`score 97, inconclusive: …`"""
    return f"score {said.score:.0f}, {said.verdict.value}: {said.reason}"


def short(said: Judgement, seconds: float) -> str:
    """`score 40, inconclusive, error_rate needs about 2,300 more requests, about 4 min`: the one that needs most."""
    open_ = [one for one in said.metrics if one.needs and not one.bad and not one.muted]
    most = max(open_, key=lambda one: (one.needs or 0) / max(one.n[0], 1), default=None)
    needs = f", {most.name} needs about {most.needs:,} more{_takes(most, seconds)}" if most else ""
    return f"score {said.score:.0f}, {said.verdict.value}{needs}"


def lines(said: Judgement, seconds: float) -> tuple[str, ...]:
    """One for each metric, worst first, measured over so many `seconds`."""
    order = sorted(said.metrics, key=lambda one: (one.muted, not one.bad, not one.needs))
    return tuple(line(one, seconds) for one in order)


def line(one: MetricJudgement, seconds: float) -> str:
    """`Inconclusive  error_rate not settled: … needs about 2,300 more requests, about 4 min`"""
    muted = " (muted: shown, not counted)" if one.muted else ""
    return f"{one.label.value:<12}  {one.reason}{_takes(one, seconds)}{muted}"


def lasting(seconds: float) -> str:
    """`20 s`, `4 min`, `3 h`, `12 days`: as far as one wants to know it."""
    for size, unit in ((1.0, "s"), (60.0, "min"), (3600.0, "h")):
        if seconds < 100 * size:
            return f"{max(1, round(seconds / size))} {unit}"
    return f"{round(seconds / 86400)} days"


def _takes(one: MetricJudgement, seconds: float) -> str:
    """At the rate at which the canary was measured so far."""
    rate = one.n[0] / seconds if seconds > 0 else 0.0
    return f", about {lasting(one.needs / rate)}" if one.needs and rate else ""
