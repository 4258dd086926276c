"""From the settings of the gate to what the judge is told"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deployer.errors import SettingsError
from deployer.gates.judge.config import Config, Direction, Effect, Kind, Measure, MetricConfig, Nan, Outliers
from deployer.gates.judge.ready import GROUPS, READY
from deployer.settings.gate import EffectValues, GateValues, MetricValues


def config(gate: GateValues) -> Config:
    """Raises SettingsError where an effect is measured in a way there is none of."""
    return Config(
        pass_=float(gate.pass_),
        marginal=float(gate.marginal),
        false_abort=float(gate.false_abort.removesuffix("%")) / 100,
        metrics=tuple(_metric(name, values) for name, values in gate.metrics.items()),
        groups=gate.groups or GROUPS,
    )


def _metric(name: str, values: MetricValues) -> MetricConfig:
    """The ready one of this name and kind, or a new one, with what is given instead."""
    base = READY.get(name, MetricConfig(name))
    if values.kind and base.kind is not Kind(values.kind):
        base = MetricConfig(name)
    given: Mapping[str, object] = {
        "kind": Kind(values.kind) if values.kind else None,
        "direction": Direction(values.direction) if values.direction else None,
        "critical": values.critical,
        "group": values.group or None,
        "weight": values.weight,
        "nan": Nan(values.nan) if values.nan else None,
        "outliers": Outliers(values.outliers) if values.outliers else None,
        "min_points": values.min_points,
        "min_requests": values.min_requests,
        "must_have_data": values.must_have_data,
        "muted": values.muted,
        "follows_load": values.follows_load,
    }
    changed = {key: value for key, value in given.items() if value is not None}
    return replace(base, effect=_effect(name, base.effect, values.effect), **changed)  # type: ignore[arg-type]


def _effect(name: str, base: Effect, values: EffectValues) -> Effect:
    try:
        measure = Measure(values.measure) if values.measure else base.measure
    except ValueError:
        raise SettingsError(
            f"gate.metrics.{name}.effect.measure: {values.measure!r} is not one of "
            f"{', '.join(one.value for one in Measure)}"
        ) from None
    return Effect(
        measure,
        base.allowed if values.allowed is None else values.allowed,
        base.critical if values.critical is None else values.critical,
    )
