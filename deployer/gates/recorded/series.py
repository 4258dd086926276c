"""Points over time into metrics: gauges as they are, `NAME:bad` with `NAME:total` into counts"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from deployer.errors import UsageError
from deployer.gates.judge.data import Counts, Metric, Samples

Points = Sequence[tuple[float, float | None]]
"""(seconds since 1970, value), in any order; None is a missing value."""

BAD, TOTAL = ":bad", ":total"
LONGEST = 1_000_000
"""So many points a series may have, with its holes."""


def metrics(points: Mapping[str, Points]) -> dict[str, Metric]:
    """Metrics by name. Raises UsageError where one of a pair is missing, or a count is none."""
    made: dict[str, Metric] = {}
    for name, row in points.items():
        if name.endswith((BAD, TOTAL)):
            metric = name.rpartition(":")[0]
            if made.get(metric) is None:
                made[metric] = _counts(metric, points)
        else:
            made[name] = gauge(name, row)
    return made


def _counts(metric: str, points: Mapping[str, Points]) -> Counts:
    for name in (metric + BAD, metric + TOTAL):
        if name not in points:
            raise UsageError(f"there is no {name}", where=f"metric {metric}")
    bad, total = (_sum(points[metric + part]) for part in (BAD, TOTAL))
    if bad is None or total is None:
        raise UsageError("a count that is missing, negative or broken", where=f"metric {metric}")
    return Counts(bad, total)


def _sum(row: Points) -> int | None:
    values = [value for _, value in row]
    if any(value is None or value < 0 or not value.is_integer() for value in values):
        return None
    return int(sum(value for value in values if value is not None))


def gauge(name: str, row: Points) -> Samples:
    """Evenly spaced: holes become missing points. Raises UsageError where a moment is there twice."""
    ordered = sorted(row, key=lambda point: point[0])
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(ordered)]
    if any(gap <= 0 for gap in gaps):
        raise UsageError("two values at one moment: one series per metric and site", where=f"metric {name}")
    step = median(gaps) if gaps else 0.0
    values: list[float | None] = [ordered[0][1]] if ordered else []
    for gap, (_, value) in zip(gaps, ordered[1:], strict=True):
        holes = round(gap / step) - 1
        if len(values) + holes > LONGEST:
            raise UsageError("a hole of more than a million points", where=f"metric {name}")
        values += [None] * holes
        values.append(value)
    return Samples(tuple(values), float(step))
