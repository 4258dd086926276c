"""The section `gate`: by which numbers it is decided whether to go on"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from deployer.gates.judge.ready import READY
from deployer.settings.kinds import Name, Percent, Seconds, Values
from deployer.settings.source import SourceValues

DEFAULT = ("error_rate", "latency_p50", "latency_p95", "latency_p99")


def _by_name(value: object) -> object:
    """`[cpu, memory]` is `{cpu: {}, memory: {}}`."""
    names = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return {name: {} for name in value} if isinstance(value, list) and names else value


def _or_nothing(value: object) -> object:
    """`cpu:` with nothing under it is the ready metric as it is."""
    return {name: {} if one is None else one for name, one in value.items()} if isinstance(value, dict) else value


class EffectValues(Values):
    """How much worse is too much; empty: as the ready metric has it."""

    measure: str = ""
    """counts: ratio, difference; histogram: p50_ratio, p95_ratio, p99_ratio, slower_share; samples: mean_ratio, cles"""
    allowed: float | None = Field(default=None, strict=False)
    """the largest change for the worse that is tolerated"""
    critical: float | None = Field(default=None, strict=False)
    """the change that fails a release whatever else is well"""


class MetricValues(Values):
    """One metric; what is not given is as the ready metric of that name has it."""

    kind: Literal["", "counts", "histogram", "samples"] = ""
    """counts: bad of total; histogram: buckets of times; samples: a gauge"""
    direction: Literal["", "increase", "decrease", "either"] = ""
    """which change is for the worse"""
    critical: bool | None = None
    """when it is bad the release fails whatever the score"""
    group: str = ""
    """errors, latency, saturation or an own one"""
    weight: float | None = Field(default=None, ge=0, strict=False)
    """within its group"""
    effect: EffectValues = EffectValues()
    """how much worse is too much"""
    nan: Literal["", "drop", "zero", "fail"] = ""
    """what a missing point is"""
    outliers: Literal["", "keep", "iqr3"] = ""
    """whether points far away count"""
    min_points: int | None = Field(default=None, ge=2)
    """fewer points of a gauge decide nothing"""
    min_requests: int | None = Field(default=None, ge=1)
    """fewer requests decide nothing"""
    must_have_data: bool | None = None
    """without data there is no verdict"""
    muted: bool = False
    """judged and shown, never counted: to try a metric"""
    follows_load: bool | None = None
    """compared only while the hosts of both sides serve about as many requests each, as cpu is"""


Metrics = Annotated[dict[Name, MetricValues], BeforeValidator(_or_nothing), BeforeValidator(_by_name)]


class GateValues(Values):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    source: SourceValues = SourceValues()
    """where the numbers come from"""
    pass_: int = Field(default=95, ge=0, le=100, alias="pass")
    """the score from which a release goes on"""
    marginal: int = Field(default=75, ge=0, le=100)
    """the score below which it goes back; between the two it is watched on"""
    false_abort: Percent = "1%"
    """how often a whole run of a harmless release may be taken back"""
    metrics: Metrics = Field(default_factory=lambda: dict.fromkeys(DEFAULT, MetricValues()), min_length=1)
    """what is judged: ready ones by name (also cpu, memory, blocked_threads), or those of source.own"""
    groups: dict[Name, Annotated[float, Field(ge=0, strict=False)]] = Field(default={})
    """weights of the groups; empty: errors 50, latency 40, saturation 10"""
    bake_between: Seconds = 60
    """rolling: how long each wave and site is watched at least; a canary has canary.bake"""
    bake_after: Seconds = 0
    """how long the release is watched when it is everywhere; 0: not"""
    max_bake: Seconds = 1800
    """how long a step may go on without a verdict"""
    wait: Seconds = 600
    """how long it then waits, watching on, for somebody to approve or abort, before it ends with exit code 7"""
    warm_up: Seconds = 30
    """so long after a restart what a host does is not counted"""
    every: Seconds = 10
    """seconds between two looks at most; the first ones come sooner"""

    @model_validator(mode="after")
    def _bars_in_order(self) -> Self:
        if self.marginal > self.pass_:
            raise ValueError("marginal at most as high as pass")
        return self

    @model_validator(mode="after")
    def _known_metrics(self) -> Self:
        for name, metric in self.metrics.items():
            if name not in READY and not metric.kind:
                raise ValueError(f"{name}: one of the ready metrics {', '.join(READY)}, or an own one with its kind")
        return self

    def placed(self, directory: Path) -> GateValues:
        """Relative paths count from the directory of deployer.yml."""
        return self.model_copy(update={"source": self.source.placed(directory)})
