"""A canary config written for Kayenta, as the judge's own"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployer.errors import UsageError
from deployer.gates.judge.config import Config, Direction, Effect, Kind, Measure, MetricConfig, Nan, Outliers

MEASURES = {"meanRatio": Measure.MEAN_RATIO, "cles": Measure.CLES}
NANS = {"remove": Nan.DROP, "replace": Nan.ZERO}


def imported(value: object) -> tuple[Config, tuple[str, ...]]:
    """The config, and sentences on what means something else here. Raises UsageError with the key path."""
    try:
        return _config(_mapping(value))
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise UsageError(
            f"is no canary config of Kayenta: {wrong!r}", remedy="export it from Spinnaker as JSON"
        ) from None


def _mapping(value: object) -> Mapping[str, Any]:
    """The config itself, also where it stands in a request with its thresholds."""
    if not isinstance(value, Mapping):
        raise UsageError("is no object", remedy="export it from Spinnaker as JSON")
    inner = value.get("canaryConfig", value)
    if not isinstance(inner, Mapping) or not inner.get("metrics"):
        raise UsageError("has no metrics", where="metrics", remedy="export it from Spinnaker as JSON")
    return inner


def _config(value: Mapping[str, Any]) -> tuple[Config, tuple[str, ...]]:
    classifier = value.get("classifier") or {}
    bars = classifier.get("scoreThresholds") or {}
    notes: list[str] = []
    metrics = tuple(_metric(one, notes) for one in value["metrics"])
    names = [metric.name for metric in metrics]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"metric {twice[0]!r} is there twice", where="metrics")
    if not bars:
        notes.append("no thresholds in it (Kayenta takes them with each request): pass 95, marginal 75")
    groups = {str(name): float(weight) for name, weight in (classifier.get("groupWeights") or {}).items()}
    config = Config(round(bars.get("pass", 95)), round(bars.get("marginal", 75)), 0.98, 0.01, metrics, groups)
    return config, tuple(notes)


def _metric(value: Mapping[str, Any], notes: list[str]) -> MetricConfig:
    name = str(value["name"])
    rules = (value.get("analysisConfigurations") or {}).get("canary") or {}
    groups = [str(group) for group in value.get("groups") or ["other"]]
    if len(groups) > 1:
        notes.append(f"{name}: of its groups {', '.join(groups)} the first counts")
    if not rules.get("mustHaveData"):
        notes.append(f"{name}: it may be absent, but data of one side only, or an error, are inconclusive here")
    direction = Direction(rules.get("direction", "either"))
    outliers = (rules.get("outliers") or {}).get("strategy") == "remove"
    return MetricConfig(
        name,
        Kind.SAMPLES,
        direction,
        critical=bool(rules.get("critical")),
        group=groups[0],
        effect=_effect(rules.get("effectSize") or {}, direction),
        nan=NANS.get(rules.get("nanStrategy") or "remove", Nan.DROP),
        outliers=Outliers.IQR3 if outliers else Outliers.KEEP,
        must_have_data=bool(rules.get("mustHaveData")),
        muted=bool(rules.get("muted")),
    )


def _effect(size: Mapping[str, Any], direction: Direction) -> Effect:
    """Of a change either way the larger allowance counts; without one, anything that is shown."""
    measure = MEASURES[size.get("measure", "meanRatio")]
    way = ("Decrease",) if direction is Direction.DECREASE else ("Increase",)
    ways = ("Increase", "Decrease") if direction is Direction.EITHER else way
    nothing = 0.5 if measure is Measure.CLES else 1.0
    allowed = [_upward(measure, float(size[f"allowed{one}"])) for one in ways if f"allowed{one}" in size]
    critical = [_upward(measure, float(size[f"critical{one}"])) for one in ways if f"critical{one}" in size]
    return Effect(measure, max(allowed, default=nothing), max(critical, default=None))


def _upward(measure: Measure, effect: float) -> float:
    if measure is Measure.CLES:
        return max(effect, 1 - effect)
    return max(effect, 1 / effect)
