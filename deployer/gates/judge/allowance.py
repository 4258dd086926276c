"""How much alpha each metric may spend: more where the weight is, something everywhere"""

from __future__ import annotations

from collections.abc import Mapping

from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config, MetricConfig

POOLED = 0.5
"""What the comparison over all sites spends of a metric's alpha; the sites share the rest."""


def weights(config: Config, metrics: tuple[MetricConfig, ...]) -> Mapping[str, float]:
    """Weight per metric, 1 in all: groups among those that have metrics here, metrics within their group."""
    groups: dict[str, float] = {}
    lightest = min(config.groups.values(), default=1.0)
    for metric in metrics:
        groups[metric.group] = groups.get(metric.group, 0.0) + metric.weight
    named = {group: config.groups.get(group, lightest) for group in groups}
    whole = sum(named.values())
    return {
        metric.name: named[metric.group] / whole * metric.weight / groups[metric.group]
        if whole and groups[metric.group]
        else 0.0
        for metric in metrics
    }


def alphas(config: Config, budget: Budget) -> Mapping[str, float]:
    """Alpha per metric; they sum to the budget's over the scored ones, a muted one only says what it would say."""
    scored = tuple(metric for metric in config.metrics if not metric.muted)
    heavy = weights(config, scored)
    each = 1 / max(len(scored), 1)
    return {
        metric.name: budget.alpha * (each if metric.muted else (heavy[metric.name] + each) / 2)
        for metric in config.metrics
    }


def per_comparison(alpha: float, sites: int) -> tuple[float, float]:
    """A metric's alpha for the pooled comparison, and for each of so many sites."""
    return (alpha, alpha) if sites <= 1 else (alpha * POOLED, alpha * (1 - POOLED) / sites)
