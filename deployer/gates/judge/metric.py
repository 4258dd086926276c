"""One metric from validate to combine: at each site, and over all of them"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, log

from scipy import special

from deployer.gates.judge import sentences
from deployer.gates.judge.allowance import per_comparison
from deployer.gates.judge.compare.prepared import How, Prepared, prepare
from deployer.gates.judge.config import Direction, Kind, MetricConfig
from deployer.gates.judge.data import Data
from deployer.gates.judge.found import FAR, Found
from deployer.gates.judge.judgement import Label, MetricJudgement
from deployer.gates.judge.measure import bar, swapped
from deployer.gates.judge.validate import Objection, at_site, of_kind, sites

MOST_NEEDED = 10**9
EARLY = 0.1
"""Of a larger p-value nobody knows yet how it will go on."""


@dataclass(frozen=True, slots=True)
class OverSites:
    """A metric over all sites, and at each that has something to say."""

    pooled: MetricJudgement
    sites: tuple[MetricJudgement, ...]


def judge_metric(metric: MetricConfig, data: Data, alpha: float, confidence: float, *, repeated: bool) -> OverSites:
    metric = of_kind(metric, data)
    places = sites(data)
    prepared, objections = prepare(metric, [at_site(metric, data, site) for site in places])
    silent = [one for one in objections if _counts(metric, one, prepared)]
    quiet = [_silent(metric, [one], one.site) for one in silent]
    if not prepared.pairs:
        return OverSites(_silent(metric, silent or list(objections), ""), tuple(quiet))
    looking = _Looking(metric, prepared, confidence, repeated)
    pooled_alpha, site_alpha = per_comparison(alpha, len(places))
    each = [looking.say([place], site_alpha, pair.site) for place, pair in enumerate(prepared.pairs)]
    pooled = looking.say(range(len(each)), pooled_alpha, "") if len(places) > 1 else replace(each[0], site="")
    return OverSites(_with_silent(_with_sites(pooled, each), silent), _in_order([*each, *quiet], places))


def _counts(metric: MetricConfig, objection: Objection, prepared: Prepared) -> bool:
    """A metric that need not be there may be absent at a site, on both sides, unless it is absent everywhere."""
    return metric.must_have_data or not objection.absent or not prepared.pairs


def _in_order(told: Sequence[MetricJudgement], places: Sequence[str]) -> tuple[MetricJudgement, ...]:
    return tuple(sorted(told, key=lambda one: places.index(one.site)))


def _silent(metric: MetricConfig, objections: Sequence[Objection], site: str) -> MetricJudgement:
    missing = all(one.missing for one in objections)
    needs = [one.needs for one in objections if one.needs is not None]
    return MetricJudgement(
        metric.name,
        Label.NO_DATA if missing else Label.INCONCLUSIVE,
        n=objections[0].n if objections else (0, 0),
        needs=max(needs, default=None),
        reason=sentences.objected(metric.name, objections),
        site=site,
        muted=metric.muted,
        silent=metric.must_have_data or not all(one.absent for one in objections),
    )


def _with_silent(pooled: MetricJudgement, silent: Sequence[Objection]) -> MetricJudgement:
    """What one site does not say is not made up for by the others: only harm can be shown without it."""
    if not silent or pooled.bad:
        return pooled
    reason = f"{sentences.objected(pooled.name, silent)}; elsewhere {pooled.reason}"
    return replace(pooled, label=Label.INCONCLUSIVE, reason=reason, silent=True)


def _with_sites(pooled: MetricJudgement, each: Sequence[MetricJudgement]) -> MetricJudgement:
    """Harm shown at one site is harm; sites that disagree are named."""
    bad = [one for one in each if one.bad]
    if bad and not pooled.bad:
        worst = min(bad, key=lambda one: one.p or 0.0)
        reason = f"at {worst.site} {worst.reason}; over all sites {pooled.reason}"
        return replace(pooled, label=worst.label, critical=any(one.critical for one in bad), reason=reason)
    apart = sentences.opposite(each)
    return replace(pooled, reason=f"{pooled.reason}; {apart}") if apart and (bad or pooled.bad) else pooled


@dataclass(frozen=True, slots=True)
class _Looking:
    """How one metric's comparisons are made and told."""

    metric: MetricConfig
    prepared: Prepared
    confidence: float
    repeated: bool

    def say(self, places: Sequence[int], alpha: float, site: str) -> MetricJudgement:
        match self.metric.direction:
            case Direction.INCREASE:
                return self._one_way(places, alpha, site)
            case Direction.DECREASE:
                return self._other_way(places, alpha, site)
            case Direction.EITHER:
                up = self._one_way(places, alpha / 2, site)
                down = self._other_way(places, alpha / 2, site)
                return _worse(up, down)

    def _one_way(self, places: Sequence[int], alpha: float, site: str) -> MetricJudgement:
        return self._told(self.prepared, Label.HIGH, places, alpha, site)

    def _other_way(self, places: Sequence[int], alpha: float, site: str) -> MetricJudgement:
        return self._told(self.prepared.swapped(), Label.LOW, places, alpha, site)

    def _told(self, prepared: Prepared, harm: Label, places: Sequence[int], alpha: float, site: str) -> MetricJudgement:
        assert self.metric.kind is not None  # noqa: S101 - of_kind has found it
        how = How(
            bar(self.metric.kind, self.metric.effect),
            self.confidence,
            float(special.ndtri((1 + self.confidence) / 2)),
            self.repeated,
        )
        found = prepared.compare(places, how)
        label = _label(found, how, harm, alpha)
        if label is Label.INCONCLUSIVE and found.p <= alpha:
            shown = "harm is shown, but not that it is more than what is allowed"
            found = replace(found, why="; ".join(part for part in (shown, found.why) if part))
        told = MetricJudgement(
            self.metric.name,
            label,
            found.effect,
            found.interval,
            found.p,
            found.n,
            found.n_effective,
            _needs(found, how, alpha) if label is Label.INCONCLUSIVE else None,
            site=site,
            values=found.values,
            critical=label is harm and _critical(found, how),
            muted=self.metric.muted,
        )
        told = told if harm is Label.HIGH else _mirrored(told, how)
        unit = "points" if self.metric.kind is Kind.SAMPLES else "requests"
        return replace(told, reason=sentences.metric(told, how.bar, found, harm, unit))


def _label(found: Found, how: How, harm: Label, alpha: float) -> Label:
    """Harm needs both: a p-value that small, and an effect above the allowed one."""
    if found.p <= alpha and found.effect > how.bar.allowed:
        return harm
    return Label.PASS if found.excluded else Label.INCONCLUSIVE


def _critical(found: Found, how: How) -> bool:
    """What has passed the allowed effect and rises on will pass the critical one, too."""
    return how.bar.critical is not None and (found.rises or found.effect >= how.bar.critical)


def _needs(found: Found, how: How, alpha: float) -> int | None:
    """Requests or points more of the canary until it is settled, if all goes on as it went."""
    factors = [one for one in (found.more, _until_shown(found, how, alpha)) if one is not None]
    wanted = (min(factors, default=1.0) - 1) * found.n[0]
    return min(MOST_NEEDED, max(1, ceil(min(wanted, MOST_NEEDED)))) if factors else None


def _until_shown(found: Found, how: How, alpha: float) -> float | None:
    """By which factor data must grow until harm of this size is shown: bets grow as n, intervals shrink as its root."""
    if found.effect <= how.bar.allowed or alpha <= 0:
        return None
    if alpha < found.p < EARLY:
        return log(alpha) / log(found.p)
    reach = min((found.effect - found.interval[0]) / (found.effect - how.bar.none) / how.z, FAR)
    return max(1.0, reach**2 * 2 * log(1 / alpha))


def _mirrored(told: MetricJudgement, how: How) -> MetricJudgement:
    """As the canary against the baseline again."""
    assert told.effect is not None  # noqa: S101 - it was compared
    assert told.interval is not None  # noqa: S101
    assert told.values is not None  # noqa: S101
    low, high = sorted(swapped(how.bar.measure, limit) for limit in told.interval)
    return replace(
        told,
        effect=swapped(how.bar.measure, told.effect),
        interval=(low, high),
        values=told.values[::-1],
        n=told.n[::-1],
        n_effective=told.n_effective[::-1],
    )


def _worse(up: MetricJudgement, down: MetricJudgement) -> MetricJudgement:
    """Harm either way is harm; both must be excluded to pass."""
    for one in (up, down):
        if one.bad:
            return one
    return up if up.label is Label.INCONCLUSIVE else down
