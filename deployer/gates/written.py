"""A config as the keys and values of a file, and single ones of them set"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import yaml

from deployer.errors import UsageError
from deployer.gates.configured import config as configured
from deployer.gates.judge.config import Config, MetricConfig
from deployer.gates.judge.measure import LARGEST
from deployer.gates.judge.ready import READY
from deployer.settings import judging

Keys = dict[str, object]


def read(keys: Keys, where: str) -> Config:
    """Raises SettingsError."""
    values = judging.of(keys, where)
    return replace(configured(values), confidence=values.confidence)


def written(config: Config) -> Keys:
    """What `read` makes this config of again."""
    return {
        "pass": round(config.pass_),
        "marginal": round(config.marginal),
        "confidence": config.confidence,
        "false_abort": f"{config.false_abort * 100:.12g}%",
        "metrics": {metric.name: _metric(metric) for metric in config.metrics},
        "groups": dict(config.groups),
    }


def _metric(metric: MetricConfig) -> Keys:
    """A ready metric of which no effect is critical must say so."""
    ready = READY.get(metric.name, metric)
    never = LARGEST if ready.kind is metric.kind and ready.effect.critical is not None else None
    effect = {
        "measure": metric.effect.measure.value,
        "allowed": metric.effect.allowed,
        "critical": never if metric.effect.critical is None else metric.effect.critical,
    }
    keys: Keys = {
        "kind": metric.kind.value if metric.kind else "",
        "direction": metric.direction.value,
        "critical": metric.critical,
        "group": metric.group,
        "weight": metric.weight,
        "effect": {key: value for key, value in effect.items() if value is not None},
        "nan": metric.nan.value,
        "outliers": metric.outliers.value,
        "min_points": metric.min_points,
        "min_requests": metric.min_requests,
        "must_have_data": metric.must_have_data,
        "muted": metric.muted,
        "follows_load": metric.follows_load,
    }
    return {key: value for key, value in keys.items() if value != ""}


def changed(config: Config, settings: Sequence[str]) -> Config:
    """With each `KEY=VALUE`, such as `pass=90` or `metrics.cpu.effect.allowed=1.3`. Raises UsageError."""
    if not settings:
        return config
    keys = written(config)
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"{setting!r} is not KEY=VALUE", where="--set", remedy="--set pass=90")
        _put(keys, path.split("."), _value(text), setting)
    again = read(keys, "--set")
    reads = {metric.name: metric.reads for metric in config.metrics}
    return replace(again, metrics=tuple(replace(one, reads=reads.get(one.name, one.reads)) for one in again.metrics))


def _value(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _put(keys: Keys, path: Sequence[str], value: object, setting: str) -> None:
    *above, last = path
    inner: object = keys
    for key in above:
        inner = inner.get(key) if isinstance(inner, dict) else None
    if not isinstance(inner, dict):
        known = ", ".join(keys)
        raise UsageError(
            f"there is no {'.'.join(above)!r} to set {last!r} in; at the top: {known}", where=f"--set {setting}"
        )
    inner[last] = value


def text(config: Config) -> str:
    """The file itself."""
    return yaml.safe_dump(written(config), sort_keys=False, default_flow_style=None, width=120)
