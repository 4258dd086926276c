"""Metrics that are ready by name, as operators expect them"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deployer.errors import UsageError
from deployer.gates.judge.config import Config, Effect, Kind, Measure, MetricConfig

LATENCY = "latency"
"""The one histogram that all latency metrics read."""

GROUPS = {"errors": 50.0, "latency": 40.0, "saturation": 10.0}


def _latency(name: str, measure: Measure, allowed: float, critical: float, requests: int) -> MetricConfig:
    effect = Effect(measure, allowed, critical)
    return MetricConfig(name, Kind.HISTOGRAM, group="latency", effect=effect, min_requests=requests, reads=LATENCY)


def _gauge(name: str, allowed: float, critical: float) -> MetricConfig:
    effect = Effect(Measure.MEAN_RATIO, allowed, critical)
    return MetricConfig(name, Kind.SAMPLES, group="saturation", effect=effect, must_have_data=False)


READY = {
    metric.name: metric
    for metric in (
        MetricConfig(
            "error_rate", Kind.COUNTS, critical=True, group="errors", effect=Effect(Measure.DIFFERENCE, 0.005, 0.05)
        ),
        _latency("latency_p50", Measure.P50_RATIO, 1.2, 2.0, 100),
        _latency("latency_p95", Measure.P95_RATIO, 1.2, 2.0, 400),
        _latency("latency_p99", Measure.P99_RATIO, 1.2, 3.0, 1000),
        replace(_gauge("cpu", 1.25, 2.0), follows_load=True),
        _gauge("memory", 1.2, 2.0),
        _gauge("blocked_threads", 1.5, 5.0),
    )
}


def ready(name: str) -> MetricConfig:
    """Raises UsageError that lists the known names."""
    if name not in READY:
        raise UsageError(f"there is no ready metric {name!r}; ready are {', '.join(READY)}")
    return READY[name]


def default(names: Iterable[str] = ("error_rate", "latency_p50", "latency_p95", "latency_p99")) -> Config:
    """The config of these ready metrics."""
    return Config(metrics=tuple(ready(name) for name in names), groups=GROUPS)
