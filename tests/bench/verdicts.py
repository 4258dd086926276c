"""The judge's rows: false aborts, requests until rollback, what was foretold, units, and the time it takes"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from statistics import mean
from time import process_time

import numpy as np

from deployer.gates.judge.allowance import alphas
from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config, MetricConfig
from deployer.gates.judge.data import Data, Side
from deployer.gates.judge.judge import judge
from tests.bench import ladder, rules, wald
from tests.bench.figure import Figure, ratio
from tests.gates.judge.sides import AGAIN, correlated

RUNS, LOOKS = 1_000, 10
BASE, RISEN, BETA = 0.001, 0.05, 0.01


def aborts(rounds: int | None) -> tuple[Figure, ...]:
    """Whole runs of a harmless release, in percent that were aborted."""
    runs = rounds or RUNS
    found = {link: sum(_every(partial(ladder.aborted, link=link, looks=LOOKS), runs)) for link in (0.0, 0.8)}
    return tuple(_percent("judge-abort", f"A/A, AR(1) {link:g}", aborted, runs) for link, aborted in found.items())


def _every(run: Callable[[int], bool], runs: int) -> list[bool]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        return list(pool.map(run, range(runs), chunksize=10))


def _percent(row: str, work: str, found: int, runs: int) -> Figure:
    rate = 100 * found / runs
    spread = 100 * (max(found, 1) / runs * (1 - found / runs) / runs) ** 0.5
    return Figure(row, work, "runs", rate, max(0.0, rate - spread), rate + spread, "%", 1.0, notes=(f"{runs} runs",))


def requests(rounds: int | None) -> tuple[Figure, ...]:
    """What a canary serves at 1 request per second until errors that rose from 0.1 to 5 % send it back."""
    seen: dict[str, list[float]] = {name: [] for name in ("judge", "flagger", "argo", "kayenta")}
    for seed in range(rounds or 200):
        stream = rules.Stream.of(seed, 2 * rules.HOUR, 1.0, RISEN, BASE)
        for name, rule in zip(seen, (rules.ours, rules.flagger, rules.argo, rules.kayenta), strict=True):
            seen[name].append(float(stream.requests(rule(stream))))
    spent = alphas(rules.CONFIG, AGAIN)["error_rate"]
    own = mean(seen["judge"])
    bounds = {
        f"Wald, both rates unknown, alpha {spent:.2g}": (wald.two_samples(BASE, RISEN, spent, BETA), 1.5),
        "Wald, both rates unknown, alpha 0.01": (wald.two_samples(BASE, RISEN, 0.01, BETA), None),
        "Wald, both rates known, alpha 0.01": (wald.one_sample(BASE, RISEN, 0.01, BETA), None),
    }
    against = [
        Figure("judge-requests", "judge", name, own / bound, *_middle(seen["judge"], bound), "x", target)
        for name, (bound, target) in bounds.items()
    ]
    models = [ratio("judge-requests", "judge", name, seen, 1.0) for name in ("flagger", "argo", "kayenta")]
    return (*against, *models)


def _middle(requests: list[float], bound: float) -> tuple[float, float]:
    low, high = np.quantile(requests, (0.1, 0.9))
    return float(low) / bound, float(high) / bound


def speed(rounds: int | None) -> tuple[Figure, ...]:
    """One judgement of 20 metrics over 2 sites with 1,440 points each, in seconds of the processor."""
    names = [f"m{number}" for number in range(20)]

    def sides(group: int) -> tuple[Side, ...]:
        return tuple(
            Side(site, {name: correlated(1000 * group + 100 * at + k, 1440, 0.5) for k, name in enumerate(names)})
            for at, site in enumerate(("dc1", "dc2"))
        )

    config, data = Config(metrics=tuple(MetricConfig(name) for name in names)), Data(sides(0), sides(1))
    judge(config, data, AGAIN)
    took = [_seconds(config, data, AGAIN) for _ in range(rounds or 15)]
    return (Figure("judge-time", "20 metrics", "2 sites", min(took), min(took), max(took), "s", 0.05),)


def _seconds(config: Config, data: Data, budget: Budget) -> float:
    start = process_time()
    judge(config, data, budget)
    return process_time() - start
