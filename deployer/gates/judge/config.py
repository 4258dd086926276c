"""What counts as harm: metrics with their allowed effects, groups with their weights, and the bars"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    COUNTS = "counts"
    HISTOGRAM = "histogram"
    SAMPLES = "samples"


class Direction(Enum):
    """Which change is harm."""

    INCREASE = "increase"
    DECREASE = "decrease"
    EITHER = "either"


class Measure(Enum):
    """How large an effect is; each belongs to one kind (AUTO: difference, p95_ratio or mean_ratio)."""

    AUTO = "auto"
    RATIO = "ratio"
    DIFFERENCE = "difference"
    P50_RATIO = "p50_ratio"
    P95_RATIO = "p95_ratio"
    P99_RATIO = "p99_ratio"
    SLOWER_SHARE = "slower_share"
    MEAN_RATIO = "mean_ratio"
    CLES = "cles"


class Nan(Enum):
    """What a missing point is: left out, a zero, or a reason to distrust the metric."""

    DROP = "drop"
    ZERO = "zero"
    FAIL = "fail"


class Outliers(Enum):
    KEEP = "keep"
    IQR3 = "iqr3"


@dataclass(frozen=True, slots=True)
class Effect:
    """`allowed` is the largest harm that is tolerated, `critical` the one that fails the release whatever the score.

    Both are effects as `measure` has them: ratios around 1 (below 1 where a decrease is harm), differences around 0,
    shares around 0 (slower_share) or 0.5 (cles). `critical` None: no effect is critical by itself.
    """

    measure: Measure = Measure.AUTO
    allowed: float | None = None
    critical: float | None = None


@dataclass(frozen=True, slots=True)
class MetricConfig:
    """One judged metric; `reads` is the measured one it looks at ("" is its own name).

    One that `follows_load`, as the processor does, is compared while the hosts of both sides serve about as much.
    """

    name: str
    kind: Kind | None = None
    direction: Direction = Direction.INCREASE
    critical: bool = False
    group: str = "other"
    weight: float = 1.0
    effect: Effect = field(default_factory=Effect)
    nan: Nan = Nan.DROP
    outliers: Outliers = Outliers.KEEP
    min_points: int = 10
    min_requests: int = 100
    must_have_data: bool = True
    muted: bool = False
    follows_load: bool = False
    reads: str = ""

    @property
    def source(self) -> str:
        return self.reads or self.name


@dataclass(frozen=True, slots=True)
class Config:
    """Scores from `pass_` pass, below `marginal` they fail.

    `confidence` is that of one interval, `false_abort` the chance that a whole run of a harmless release is aborted.
    `groups` are weights; a group of metrics that is not named there weighs as much as the lightest named one, or 1.
    """

    pass_: float = 95.0
    marginal: float = 75.0
    confidence: float = 0.95
    false_abort: float = 0.01
    metrics: tuple[MetricConfig, ...] = ()
    groups: Mapping[str, float] = field(default_factory=dict)
