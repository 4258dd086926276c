"""What the judge says: a verdict, a score, a sentence, and the numbers behind them"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config
from deployer.gates.judge.data import Data
from deployer.model import Verdict


class Label(Enum):
    """HIGH and LOW are harm that was shown, PASS is harm that was excluded."""

    PASS = "Pass"  # noqa: S105 - a label
    HIGH = "High"
    LOW = "Low"
    NO_DATA = "NoData"
    INCONCLUSIVE = "Inconclusive"


@dataclass(frozen=True, slots=True)
class MetricJudgement:
    """One metric, pooled over the sites (site "") or at one; pairs are (canary, baseline).

    `values` are the two numbers compared (error rates, percentiles, means), `effect` how far they are apart and
    `interval` where it is with the config's confidence; `needs` how many more requests or points the canary
    must have until this metric is expected to be settled, None where it is. `critical`: the harm reaches the
    critical effect. `silent`: not settled because data were missing, stale, too few or complained about.
    """

    name: str
    label: Label
    effect: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    n: tuple[int, int] = (0, 0)
    n_effective: tuple[float, float] = (0.0, 0.0)
    needs: int | None = None
    reason: str = ""
    site: str = ""
    values: tuple[float, float] | None = None
    critical: bool = False
    muted: bool = False
    silent: bool = False

    @property
    def bad(self) -> bool:
        return self.label in (Label.HIGH, Label.LOW)


@dataclass(frozen=True, slots=True)
class Judgement:
    """`score` is the weight of what passed, 0 to 100; `sites` has each site's metrics where there are several."""

    verdict: Verdict
    score: float
    reason: str
    metrics: tuple[MetricJudgement, ...] = ()
    sites: Mapping[str, tuple[MetricJudgement, ...]] = field(default_factory=dict)
    baseline: str = "baseline"


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement with all it was made of: enough to make it again."""

    config: Config
    data: Data
    budget: Budget
    judgement: Judgement
