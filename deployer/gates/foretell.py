"""How long each question of a plan must be asked until it can be answered, from what the source measures now"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from deployer.gates import spoken
from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config
from deployer.gates.judge.data import Counts, Data, Histogram, Metric
from deployer.gates.source import Group, Question, Source
from deployer.model import WHOLE, Picture
from deployer.plan import Plan
from deployer.steps import Ask, Deploy, Shift
from deployer.world import Clock

PAST = (300.0, 60.0, 15.0)
"""Seconds of the past that a source with a memory is asked for: the longest that it knows all of."""
WATCHED = 5.0
"""Seconds for which one without is listened to."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the release of now is like, over all sites; by site its requests per minute, and its hosts."""

    metrics: Mapping[str, Metric]
    rate: Mapping[str, float]
    hosts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Bakes:
    """Lines on each question, by the number of its step; and warnings for the whole plan."""

    lines: Mapping[int, tuple[str, ...]]
    warnings: tuple[str, ...]


def measure(plan: Plan, picture: Picture, config: Config, source: Source, clock: Clock) -> Measured:
    """All hosts that serve now, for a moment."""
    sites = plan.intent.sites
    serving = {site: tuple(seen.host for seen in picture.at(site) if seen.in_service) for site in sites}
    release = next((seen.release for seen in picture.hosts.values() if seen.in_service and seen.release), "")
    metrics = tuple(dict.fromkeys(metric.source for metric in config.metrics))
    asked = Question(Group(release, serving), Group("", {}), sites, metrics, clock.now())
    for place, past in enumerate(PAST):
        watch = source.open(replace(asked, start=asked.start - past))
        try:
            clock.sleep(0 if place else WATCHED)
            until = clock.now()
            data = watch.read(until)
            found = _measured(data, until - watch.since, {site: len(hosts) for site, hosts in serving.items()})
        finally:
            watch.close()
        if found.metrics:
            break
    return found


def uncompared(plan: Plan) -> Iterator[str]:
    """Sites that get the release while nobody is left on the old one beside it: sentences."""
    compared = {one.site for step in plan.steps if isinstance(step, Ask) for one in step.versus if one.old}
    moved = {step.site: None for step in plan.steps if isinstance(step, Deploy)}
    for site in moved if plan.intent.gating else ():
        if site not in compared:
            yield (
                f"{site}: the first wave leaves no host on the old release, so the gate has nothing to compare with "
                "and is not asked there; a smaller rolling.wave"
            )


def bakes(plan: Plan, config: Config, longest: float, measured: Measured) -> Bakes:
    """What each question with two sides takes; `longest` is max_bake."""
    from deployer.gates.judge.forecast import Pace, forecast

    lines: dict[int, tuple[str, ...]] = {}
    warnings: list[str] = []
    for nth, (number, step, pace) in enumerate(_asked(plan, measured), 1):
        budget = Budget.of_window(config.false_abort, nth)
        told = forecast(config, budget, len(measured.rate), measured.metrics, Pace(*pace))
        if unknown := "; ".join(f"{one.name}: {one.why}" for one in told if one.why):
            warnings.append(f"step {number}, {step.about}, cannot be decided as it is now: {unknown}")
        seen = {one.name: one.minutes * 60 for one in told if one.minutes is not None}
        settled = {one.name: one.settled * 60 for one in told if one.settled is not None}
        lines[number] = tuple(_times(pace[0], seen, settled, step.bake))
        if unable := [name for name, seconds in settled.items() if seconds > max(longest, step.bake)]:
            slowest = max(settled[name] for name in unable)
            warnings.append(
                f"step {number}, {step.about}, cannot be decided by {', '.join(unable)} within gate.max_bake "
                f"({spoken.lasting(longest)}): it takes about {spoken.lasting(slowest)}; a larger share, a longer "
                "max_bake, or a larger allowed effect"
            )
    return Bakes(lines, (*uncompared(plan), *warnings))


def _times(rate: float, seen: Mapping[str, float], settled: Mapping[str, float], bake: float) -> Iterator[str]:
    yield f"about {rate:,.0f} requests a minute on the new release"
    if seen:
        name = max(seen, key=lambda one: seen[one])
        yield f"a rise as large as allowed is seen after {spoken.lasting(seen[name])} at most ({name})"
    if settled:
        name = max(settled, key=lambda one: settled[one])
        short = (
            f", longer than the bake of {spoken.lasting(bake)}: it goes on until then" if settled[name] > bake else ""
        )
        yield f"a release without it passes after {spoken.lasting(settled[name])} ({name}){short}"


def _asked(plan: Plan, measured: Measured) -> Iterator[tuple[int, Ask, tuple[float, float]]]:
    """Each question with two sides, and the requests per minute that will come to both."""
    shares: dict[str, int] = {}
    for number, _, _, step in plan.walk():
        if isinstance(step, Shift):
            shares[step.scope] = step.split.of(plan.intent.release.version)
        if isinstance(step, Ask) and any(one.old for one in step.versus):
            yield number, step, _pace(step, shares, measured)


def _pace(step: Ask, shares: Mapping[str, int], measured: Measured) -> tuple[float, float]:
    """A share of the users each, or of the hosts where users are not split."""
    new = old = 0.0
    for one in step.versus:
        rate, split = measured.rate.get(one.site, 0.0), shares.get(one.site)
        serving = max(measured.hosts.get(one.site, 0), len(one.new) + len(one.old))
        part = split / WHOLE if split is not None else len(one.new) / serving
        left = WHOLE - split if split is not None else WHOLE * (serving - len(one.new)) / serving
        new += rate * part
        old += rate * left / WHOLE * len(one.old) / max(len(one.old), serving - len(one.new)) if one.old else 0.0
    return new, old


def _measured(data: Data, seconds: float, hosts: Mapping[str, int]) -> Measured:
    rate = {side.site: 60 * side.requests / seconds if seconds > 0 else 0.0 for side in data.canary}
    names = dict.fromkeys(name for side in data.canary for name in side.metrics)
    metrics = {name: pooled([side.metrics[name] for side in data.canary if name in side.metrics]) for name in names}
    return Measured(metrics, rate, hosts)


def pooled(metrics: list[Metric]) -> Metric:
    """All sites as one; gauges, and buckets that differ, are those of the first."""
    first = metrics[0]
    if isinstance(first, Counts):
        counts = [one for one in metrics if isinstance(one, Counts)]
        return Counts(sum(one.bad for one in counts), sum(one.total for one in counts))
    if isinstance(first, Histogram):
        alike = [one for one in metrics if isinstance(one, Histogram) and one.le == first.le]
        return Histogram(first.unit, first.le, tuple(map(sum, zip(*(one.count for one in alike), strict=True))))
    return first
