"""The judge's words: why, with the numbers"""

from __future__ import annotations

from collections.abc import Sequence

from deployer.gates.judge.config import Measure
from deployer.gates.judge.found import Found
from deployer.gates.judge.judgement import Label, MetricJudgement
from deployer.gates.judge.measure import LARGEST, RATIOS, Bar, swapped
from deployer.gates.judge.validate import Objection

DUST = 1e-12
"""Rounding, when a number is shown."""

SETTLED = {
    Label.HIGH: "too high",
    Label.LOW: "too low",
    Label.PASS: "well",
    Label.INCONCLUSIVE: "not settled",
}


def metric(told: MetricJudgement, bar: Bar, found: Found, harm: Label, unit: str) -> str:
    """`error_rate too high: 5 % against 0.1 %, +4.9 points (+3.6 … +6.4), allowed +0.5 points`"""
    assert told.effect is not None  # noqa: S101 - it was compared
    assert told.interval is not None  # noqa: S101
    assert told.values is not None  # noqa: S101
    allowed = bar.allowed if harm is Label.HIGH else swapped(bar.measure, bar.allowed)
    low, high = (effect(bar.measure, limit).removesuffix(" points") for limit in told.interval)
    ours, theirs = (_value(bar.measure, value, found.unit) for value in told.values)
    said = (
        f"{told.name} {SETTLED[told.label]}: {ours} against {theirs}, {effect(bar.measure, told.effect)}"
        f" ({low} … {high}), allowed {effect(bar.measure, allowed)}"
    )
    return "; ".join(part for part in (said, found.why, _needed(told, unit)) if part)


def _needed(told: MetricJudgement, unit: str) -> str:
    return f"needs about {told.needs:,} more {unit}" if told.needs else ""


def effect(measure: Measure, size: float) -> str:
    """`x1.25`, `+0.5 points`, or a plain chance."""
    if measure in RATIOS:
        return f"x{number(size)}" if abs(size) < LARGEST else "x very much"
    if measure is Measure.CLES:
        return f"chance {number(size)}"
    return f"{'-' if size < 0 else '+'}{number(abs(size) * 100)} points"


def _value(measure: Measure, value: float, unit: str) -> str:
    """`5 %` of requests, `120 ms`, or a plain number."""
    if measure in (Measure.RATIO, Measure.DIFFERENCE, Measure.SLOWER_SHARE):
        return f"{number(value * 100)} %"
    if unit == "s" and value < 1:
        return f"{number(value * 1000)} ms"
    return f"{number(value)} {unit}".rstrip()


def number(value: float) -> str:
    """Three digits; thousands in full."""
    if abs(value) < DUST:
        return "0"
    return f"{value:,.0f}" if 1000 <= abs(value) < LARGEST else f"{value:.3g}"  # noqa: PLR2004


def objected(name: str, objections: Sequence[Objection]) -> str:
    """Sites with the same objection are named together."""
    sites: dict[str, list[str]] = {}
    for one in objections:
        sites.setdefault(one.why, []).append(one.site)
    told = "; ".join(f"{why}{f' at {_listed(where)}' if any(where) else ''}" for why, where in sites.items())
    return f"{name}: {told or 'no data'}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)


def opposite(each: Sequence[MetricJudgement]) -> str:
    """Whether the sites point in opposite directions."""
    up = [one.site for one in each if one.values and one.values[0] > one.values[1]]
    down = [one.site for one in each if one.values and one.values[0] < one.values[1]]
    if not (up and down):
        return ""
    return f"the sites disagree: higher at {_listed(up)}, lower at {_listed(down)}"
