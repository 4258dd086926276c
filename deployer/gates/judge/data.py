"""What was measured: per side, site and metric, and what the sources complain about"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """So many bad of all requests of the window."""

    bad: int
    total: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """Requests per bucket (not cumulative); `le` are the upper edges in `unit`, ascending, the last is inf."""

    unit: str
    le: tuple[float, ...]
    count: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Samples:
    """A gauge, one value every `step` seconds; None is a missing point."""

    values: tuple[float | None, ...]
    step: float


Metric = Counts | Histogram | Samples


@dataclass(frozen=True, slots=True)
class Side:
    """One group of hosts (canary or baseline) at one site; `load` is the requests that each of its hosts served in a
    second, 0 where nobody knows.
    """

    site: str
    metrics: Mapping[str, Metric]
    load: float = 0.0

    @property
    def requests(self) -> int:
        """As many as any metric counted."""
        return max((_requests(metric) for metric in self.metrics.values()), default=0)


def _requests(metric: Metric) -> int:
    match metric:
        case Counts(_, total):
            return total
        case Histogram(_, _, count):
            return sum(count)
        case Samples():
            return 0


@dataclass(frozen=True, slots=True)
class Fault:
    """A complaint of a source or of the gate: stale, partial, a warning, a void window.

    It makes that metric at that site inconclusive; "" is every metric, or every site.
    """

    what: str
    site: str = ""
    metric: str = ""

    def concerns(self, site: str, metric: str) -> bool:
        return self.site in ("", site) and self.metric in ("", metric)


@dataclass(frozen=True, slots=True)
class Query:
    """What a source was asked for one metric of one group at a site, word by word as it was sent."""

    site: str
    group: str
    metric: str
    text: str


@dataclass(frozen=True, slots=True)
class Data:
    """Both groups over the same window, one Side per site; `against` is "baseline", or "stable" where there is none."""

    baseline: tuple[Side, ...]
    canary: tuple[Side, ...]
    faults: tuple[Fault, ...] = ()
    against: str = "baseline"
    queries: tuple[Query, ...] = ()
