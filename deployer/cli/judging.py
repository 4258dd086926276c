"""What `deployer judge` judges: files, a past verdict, or recorded data against themselves"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deployer.cli import say
from deployer.cli.options import Ground
from deployer.errors import UsageError
from deployer.gates import written
from deployer.gates.configured import config as configured
from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config, MetricConfig
from deployer.gates.judge.data import Data, Side
from deployer.gates.judge.judge import judge
from deployer.gates.judge.judgement import Judged
from deployer.gates.judge.ready import GROUPS, READY
from deployer.gates.recorded.read import Recorded, json_of, read, text_of
from deployer.settings import judging


@dataclass(frozen=True, slots=True)
class Asked:
    """The options as they were typed."""

    baseline: Path | None
    canary: Path | None
    config: Path | None
    kayenta: Path | None
    settings: tuple[str, ...]


def of_files(asked: Asked) -> Judged:
    """The canary's file against the baseline's, judged once."""
    if asked.baseline is None or asked.canary is None:
        raise UsageError(
            "both sides are needed",
            where="--baseline and --canary",
            remedy="deployer judge --baseline baseline.json --canary canary.json",
        )
    baseline, canary = read(asked.baseline), read(asked.canary)
    config = config_of(asked, (baseline, canary))
    data = Data(baseline.sides, canary.sides, baseline.faults + canary.faults)
    return judged(config, data, Budget.once(1 - config.confidence))


def judged(config: Config, data: Data, budget: Budget) -> Judged:
    return Judged(config, data, budget, judge(config, data, budget))


def config_of(asked: Asked, sides: Iterable[Recorded]) -> Config:
    """As given, else the ready metrics of what there is."""
    if asked.config and asked.kayenta:
        raise UsageError("one config is enough", where="--config and --import-kayenta")
    if asked.kayenta:
        config = of_kayenta(asked.kayenta)
    elif asked.config:
        values = judging.read(asked.config)
        config = replace(configured(values), confidence=values.confidence)
    else:
        config = _of_data([side for one in sides for side in one.sides])
    return written.changed(config, asked.settings)


def of_kayenta(path: Path) -> Config:
    from deployer.gates.kayenta import imported

    try:
        config, notes = imported(json_of(text_of(path)))
    except UsageError as odd:
        raise UsageError(odd.what, where=f"{path}{f', {odd.where}' if odd.where else ''}", remedy=odd.remedy) from None
    for note in notes:
        say.story(f"note   {note}")
    return config


def _of_data(sides: Sequence[Side]) -> Config:
    """A ready metric that reads what was measured, else one of that name."""
    measured = dict.fromkeys(name for side in sides for name in side.metrics)
    metrics: list[MetricConfig] = []
    for name in measured:
        ready = [metric for metric in READY.values() if metric.source == name]
        metrics += ready or [MetricConfig(name)]
    return Config(metrics=tuple(replace(metric, must_have_data=True) for metric in metrics), groups=GROUPS)


def of_past(ground: Ground, named: str, settings: tuple[str, ...]) -> tuple[Judged, Judged]:
    """A verdict of a run as it was, and judged again with these settings. `named` is RUN or RUN:STEP."""
    from deployer.cli.books import books
    from deployer.progress import fold
    from deployer.report.gate import chosen
    from deployer.report.verdicts import verdicts

    run, _, step = named.partition(":")
    with books(ground) as book:
        run = book.run(run)
        said = verdicts(fold(book.records(run)))
    before = chosen([one for one in said if one.judged is not None], step or "last").judged
    assert before is not None  # noqa: S101 - only those were to choose from
    config = written.changed(before.config, settings)
    alpha = before.budget.alpha * config.false_abort / before.config.false_abort
    return before, judged(config, before.data, replace(before.budget, alpha=alpha))
