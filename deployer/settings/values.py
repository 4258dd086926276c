"""The settings as frozen values, with their defaults

Durations are seconds (written `30s`, `5m`), shares percent of hosts or a number of hosts.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _seconds(value: object) -> object:
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
    if isinstance(value, str):
        for unit in ("ms", "s", "m", "h"):
            number = value.removesuffix(unit).strip()
            if value.endswith(unit) and number.replace(".", "", 1).isdigit():
                return float(number) * units[unit]
    return value


Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]
HowMany = Annotated[str | int, Field(union_mode="left_to_right")]
"""`25%` of a site's hosts, or a number of hosts."""


class Values(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SiteValues(Values):
    group: str


class ReleaseValues(Values):
    artifact: str
    root: str
    keep: int = Field(default=5, ge=2)
    timeout: Seconds = 600


class AppValues(Values):
    """How the service is asked and restarted: a systemd unit, or a control command taking start|stop|restart|pid."""

    port: int = Field(default=8080, ge=1, le=65535)
    unit: str = ""
    control: str = ""
    health: str = "/healthz"
    version: str = "/version"
    healthy_for: Seconds = 3
    start_timeout: Seconds = 60


class HealthFileValues(Values):
    path: str
    url: str = "/health_check.html"


class BalancerValues(Values):
    """`kind: opaque` is a device that only does health checks: `detection` is how long it needs to notice."""

    group: str = "lb"
    kind: Literal["haproxy", "nginx", "opaque"] = "haproxy"
    socket: str = "/run/haproxy/admin.sock"
    master_socket: str = ""
    maps: str = "/etc/haproxy/maps"
    pool: str = ""
    detection: Seconds = 30
    agree_within: Seconds = 30


class EdgeValues(Values):
    group: str = "edge"
    kind: Literal["haproxy"] = "haproxy"
    socket: str = "/run/haproxy/admin.sock"
    backend: str = "sites"


class RollingValues(Values):
    wave: HowMany = "25%"
    window: bool = False
    min_in_service: HowMany = "75%"
    drain_timeout: Seconds = 30
    on_drain_timeout: Literal["wait", "cut", "abort"] = "abort"
    max_failures: int = Field(default=0, ge=0)
    undo: Literal["stage", "site", "all", "none"] = "stage"


class CanaryValues(Values):
    steps: tuple[float, ...] = (1, 5, 25, 50, 100)
    bake: Seconds = 300
    baseline: bool = True
    headroom: str = "20%"
    sites: Literal["sequential", "together"] = "sequential"
    sticky: Literal["bucket", "first-seen"] = "bucket"


class PlaybookValues(Values):
    """A user's own playbook in place of ours, by name; empty = ours."""

    fetch: str = ""
    deploy: str = ""
    drain: str = ""
    readmit: str = ""


class Settings(Values):
    service: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")
    hosts: str
    sites: dict[str, SiteValues] = Field(min_length=1)
    release: ReleaseValues
    app: AppValues = AppValues()
    health_file: HealthFileValues
    balancers: BalancerValues = BalancerValues()
    edge: EdgeValues | None = None
    strategy: Literal["rolling", "canary"] = "rolling"
    rolling: RollingValues = RollingValues()
    canary: CanaryValues = CanaryValues()
    playbooks: PlaybookValues = PlaybookValues()
    state: str = ""

    @property
    def pool(self) -> str:
        return self.balancers.pool or self.service
