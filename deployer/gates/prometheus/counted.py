"""What counters gained over a window, in PromQL, and what comes back as the judge's numbers

Not `increase`: that extrapolates to the window's edges (counts that were never seen), and gives 0 for a counter that is
born in the window, as that of the first error is. Here each series is its value now less its value at the start; all
of its value when it was born or began anew in between. Whole numbers, and never more than there were.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from deployer.errors import StepFailed
from deployer.gates.judge.data import Counts, Histogram, Samples
from deployer.gates.prometheus.client import Series, number
from deployer.gates.prometheus.queries import Query


def gained(selector: str, window: float) -> str:
    """A selector whose template says {window} is an expression of its own, and left as it is."""
    span = f"{max(1, int(window))}s"
    return f"((({selector}) - ({selector} offset {span}) >= 0) unless (resets({selector}[{span}]) > 0)) or {selector}"


def added(selectors: Sequence[str], templates: Sequence[str], window: float) -> str:
    """All of them together; the first may be silent, which says that nothing is known."""
    parts = [
        f"sum({selector if '{window}' in template else gained(selector, window)})"
        for selector, template in zip(selectors, templates, strict=True)
    ]
    first, *others = parts
    return " + ".join((first, *(f"({other} or vector(0))" for other in others)))


def by_edge(selector: str, template: str, window: float) -> str:
    return f"sum by (le) ({selector if '{window}' in template else gained(selector, window)})"


def counts(bad: Sequence[Series], total: Sequence[Series]) -> Counts:
    """Raises StepFailed where they are no counts."""
    wrong, everything = _whole(bad), _whole(total)
    if wrong > everything:
        raise StepFailed(f"counts {wrong} bad of {everything}: `bad` is no part of `total`")
    return Counts(wrong, everything)


def _whole(found: Sequence[Series]) -> int:
    value = number(sum(one.last for one in found))
    if value is None or value < 0:
        raise StepFailed("answers with what is no count")
    return round(value)


def histogram(found: Sequence[Series], unit: str) -> Histogram:
    """Cumulative buckets made into requests per bucket. Raises StepFailed where they are none."""
    below: dict[float, float] = {}
    for one in found:
        edge = _edge(one.labels.get("le", ""))
        below[edge] = below.get(edge, 0.0) + (number(one.last) or 0.0)
    edges = sorted(below)
    if not edges or edges[-1] != math.inf:
        raise StepFailed("has no buckets up to le=+Inf: it is no histogram")
    total = [round(below[edge]) for edge in edges]
    return Histogram(unit, tuple(edges), tuple(max(0, now - before) for before, now in zip((0, *total), total)))  # noqa: B905


def _edge(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise StepFailed(f"has a bucket le={text!r}: it is no histogram") from error


def samples(found: Sequence[Series], times: Sequence[float], step: float) -> Samples:
    """One value at each of the times. Raises StepFailed where several series answer."""
    if len(found) > 1:
        raise StepFailed(f"answers with {len(found)} series: a gauge needs one per group, such as avg(…)")
    told = {round(at): number(value) for at, value in found[0].points} if found else {}
    return Samples(tuple(told.get(round(at)) for at in times), step)


def times(since: float, until: float, step: float) -> tuple[float, ...]:
    """Every step back from the end; each stands for the step before it, which lies wholly in the window."""
    count = int((until - since) // step)
    return tuple(until - step * back for back in range(count - 1, -1, -1))


def counters(query: Query) -> Iterable[str]:
    """Templates of selectors of counters: whose last scrape can be asked for."""
    return (one for one in (*query.total[:1], query.buckets) if one and "{window}" not in one)
