"""A judgement in words, with its numbers"""

from __future__ import annotations

from collections.abc import Iterator

from deployer.gates.judge.config import Config, Kind, Measure, MetricConfig
from deployer.gates.judge.judgement import Judgement, MetricJudgement

_RATIOS = (
    Measure.RATIO,
    Measure.P50_RATIO,
    Measure.P95_RATIO,
    Measure.P99_RATIO,
    Measure.MEAN_RATIO,
)


def lines(config: Config, judgement: Judgement, seconds: float) -> tuple[str, ...]:
    """One for each metric: new against old, effect, interval, label, and what it still needs.

    `seconds` is how long was measured: from it follows how long what is needed will take.
    """
    known = {metric.name: metric for metric in config.metrics}
    width = max((len(metric.name) for metric in judgement.metrics), default=0)
    return tuple(
        f"{one.name:<{width}}  {_line(known.get(one.name, MetricConfig(one.name)), one, seconds)}"
        for one in judgement.metrics
    )


def summary(judgement: Judgement) -> str:
    """`score 97, inconclusive: …`"""
    return f"score {judgement.score:.0f}, {judgement.verdict.value}: {judgement.reason}"


def needed(one: MetricJudgement, seconds: float, kind: Kind | None) -> str:
    """`needs 2,300 more requests, about 4 min`; empty when it is settled."""
    if not one.needs or one.bad:
        return ""
    what = "points" if kind is Kind.SAMPLES else "requests"
    rate = one.n[0] / seconds if seconds > 0 else 0.0
    about = f", about {lasting(one.needs / rate)}" if rate else ""
    return f"needs {one.needs:,} more {what}{about}"


def lasting(seconds: float) -> str:
    """`20 s`, `4 min`, `3 h`, `12 days`: as far as one wants to know it."""
    for size, unit in ((1.0, "s"), (60.0, "min"), (3600.0, "h")):
        if seconds < 100 * size:
            return f"{max(1, round(seconds / size))} {unit}"
    return f"{round(seconds / 86400)} days"


def _line(config: MetricConfig, one: MetricJudgement, seconds: float) -> str:
    return ", ".join(part for part in _parts(config, one, seconds) if part)


def _parts(config: MetricConfig, one: MetricJudgement, seconds: float) -> Iterator[str]:
    yield f"{one.label.value}{' (muted)' if one.muted else ''}"
    if one.values is not None:
        new, old = one.values
        yield f"{value(config, new)} against {value(config, old)}"
    if one.effect is not None:
        yield _effect(config, one.effect) + (_interval(config, one.interval) if one.interval else "")
    if any(one.n):
        yield f"{one.n[0]:,} and {one.n[1]:,} {'points' if config.kind is Kind.SAMPLES else 'requests'}"
    yield needed(one, seconds, config.kind)
    if one.values is None or one.bad:
        yield one.reason


def value(config: MetricConfig, number: float) -> str:
    """`5.2 %` of requests, `120 ms`, or a plain number."""
    if config.kind is Kind.COUNTS:
        return f"{100 * number:.3g} %"
    if config.kind is Kind.HISTOGRAM:
        return f"{1000 * number:.3g} ms" if number < 1 else f"{number:.3g} s"
    return f"{number:.4g}"


def _effect(config: MetricConfig, effect: float) -> str:
    measure = _measure(config)
    if measure in _RATIOS:
        return f"{effect:.3g} times"
    if measure is Measure.CLES:
        return f"worse in {100 * effect:.3g} % of pairs"
    return f"{100 * effect:+.3g} points" if measure is Measure.DIFFERENCE else f"{100 * effect:+.3g} % slower ones"


def _interval(config: MetricConfig, interval: tuple[float, float]) -> str:
    low, high = interval if _measure(config) in _RATIOS else (100 * interval[0], 100 * interval[1])
    return f" [{low:.3g}, {high:.3g}]"


def _measure(config: MetricConfig) -> Measure:
    if config.effect.measure is not Measure.AUTO:
        return config.effect.measure
    firsts = {Kind.COUNTS: Measure.RATIO, Kind.HISTOGRAM: Measure.P50_RATIO, Kind.SAMPLES: Measure.MEAN_RATIO}
    return firsts.get(config.kind or Kind.SAMPLES, Measure.MEAN_RATIO)
