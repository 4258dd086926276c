"""The settings as frozen values, with their defaults

Durations are seconds (written `30s`, `5m`), shares percent of hosts or a number of hosts. The line under each name
is what `deployer init` writes above it.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from deployer.rules import Rules
from deployer.settings.approvals import ApprovalValues
from deployer.settings.bluegreen import BlueGreenValues
from deployer.settings.capacity import CapacityValues
from deployer.settings.checks import Checks
from deployer.settings.dns import DnsValues
from deployer.settings.edge import EdgeValues
from deployer.settings.freeze import FreezeValues
from deployer.settings.gate import GateValues
from deployer.settings.hooks import HookValues
from deployer.settings.kinds import (
    AbsolutePath,
    Artifact,
    HowMany,
    Ladder,
    LogTarget,
    Name,
    OptionalPath,
    Percent,
    Seconds,
    SomeHosts,
    UrlPath,
    Values,
)
from deployer.settings.metrics import MetricsValues
from deployer.settings.notices import NoticeValues
from deployer.settings.restore import RestoreValues
from deployer.settings.squeeze import SqueezeValues
from deployer.settings.web import WebValues


class SiteValues(Values):
    group: Name
    """the inventory group of the site: its hosts and its balancers"""


class ReleaseValues(Values):
    artifact: Artifact
    """path or http(s) URL; the digest is read from "<artifact>.sha256" or given by --sha256"""
    root: AbsolutePath
    """on the hosts: releases/<version>, and current -> releases/<version>"""
    keep: int = Field(default=5, ge=2)
    """how many releases stay on a host; the running and the last good one always do"""
    timeout: Seconds = 600
    """how long fetching may take on one host"""


class AppValues(Values):
    """How the service is asked and restarted: a systemd unit, or a control command taking start|stop|restart|pid."""

    port: int = Field(default=8080, ge=1, le=65535)
    """where a host serves users"""
    unit: str = ""
    """the systemd unit to restart"""
    control: OptionalPath = ""
    """or a command on the host, called with start, stop, restart or pid"""
    health: UrlPath = "/healthz"
    """answers 200 when the service is well"""
    version: UrlPath = "/version"
    """answers with the version that runs"""
    healthy_for: Seconds = 3
    """so long in a row a host must be healthy before it returns"""
    start_timeout: Seconds = 60
    """how long it may take to become healthy"""

    @model_validator(mode="after")
    def _one_way_to_restart(self) -> Self:
        if self.unit and self.control:
            raise ValueError("either unit or control, not both")
        return self


class HealthFileValues(Values):
    path: AbsolutePath
    """on the hosts: while this file is away, balancers send nobody"""
    url: UrlPath = "/health_check.html"
    """where the balancers ask for it"""


class BalancerValues(Values):
    """`kind: opaque` is a device that only does health checks: `detection` is how long it needs to notice."""

    group: Name = "lb"
    """the inventory group of the balancers; those of a site are also in the site's group"""
    kind: Literal["haproxy", "nginx", "opaque"] = "haproxy"
    """haproxy, nginx, or opaque: a device that only does health checks and has no API"""
    socket: AbsolutePath = "/run/haproxy/admin.sock"
    """HAProxy's runtime socket, at level admin"""
    master_socket: OptionalPath = ""
    """HAProxy's master socket, where there is one"""
    maps: OptionalPath = ""
    """the directory that holds the split; empty: /etc/haproxy/maps, or /etc/nginx/deployer where kind is nginx"""
    log: LogTarget = "127.0.0.1:21514"
    """where each request is logged: an address for UDP on the balancer itself, or a file there; for the gate"""
    pool: str = ""
    """the backend's name; empty: the service's name. <pool>_a and <pool>_b where there are two slots"""
    detection: Seconds = 30
    """how long an opaque device needs to notice that a host is away"""
    agree_within: Seconds = 30
    """how long the balancers of a site may take to agree"""


class RollingValues(Values):
    wave: SomeHosts = "25%"
    """how many hosts of a site go out together: a part (rounded down, at least one) or a number"""
    window: bool = False
    """true: the next host starts as one ends; false: wave by wave"""
    min_in_service: HowMany = "75%"
    """how many hosts of a site stay in service, as the balancers see it: a part (rounded up) or a number"""
    drain_timeout: Seconds = 30
    """how long requests in flight may take to end"""
    on_drain_timeout: Literal["wait", "cut", "abort"] = "abort"
    """what then: wait on, cut them, or abort"""
    max_failures: int = Field(default=0, ge=0)
    """how many hosts may fail over the whole run before it stops"""
    bad_release_after: int = Field(default=3, ge=0)
    """so many that fail the same way mean a bad release: it stops whatever max_failures allows (0: never)"""
    undo: Literal["stage", "site", "all", "none"] = "stage"
    """how far to go back after a failure"""


class CanaryValues(Values):
    steps: Ladder = (1, 5, 25, 50, 100)
    """percent of users on the new release, step by step"""
    bake: Seconds = 300
    """how long each step is watched"""
    headroom: Percent = "20%"
    """how much more than its share a group of hosts must carry"""
    on: Literal["pool", "standby"] = "pool"
    """which hosts: some of the pool, by waves; or the standby group of bluegreen, at full size from the first step"""
    sites: Literal["together", "sequential"] = "together"
    """all at once: every site gives a user the same release; or one by one, where the edge pins users to a site"""
    sticky: Literal["bucket", "first-seen"] = "bucket"
    """what keeps a user on one release"""
    baseline: bool = True
    """with a gate: as many hosts as the canary has are restarted on the old release, to be compared with it"""


class PlaybookValues(Values):
    """A user's own playbook in place of ours, by name; empty = ours."""

    fetch: str = ""
    """in place of playbooks/fetch.yml"""
    deploy: str = ""
    """in place of playbooks/deploy.yml"""
    drain: str = ""
    """in place of playbooks/drain.yml"""
    readmit: str = ""
    """in place of playbooks/readmit.yml"""


class Settings(Values):
    service: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")
    """the name of what is deployed; also of its journal and of its pool on the balancers"""
    hosts: Name
    """the inventory group of the service's hosts"""
    sites: dict[Name, SiteValues] = Field(min_length=1)
    """the data centres, deployed in this order"""
    release: ReleaseValues
    """what is deployed, and where it lies on the hosts"""
    app: AppValues = AppValues()
    """how the service is asked and restarted"""
    health_file: HealthFileValues
    """the file that tells the balancers to send users"""
    balancers: BalancerValues = BalancerValues()
    """the load balancers of the sites"""
    edge: EdgeValues | None = None
    """the tier in front of the sites, where there is one"""
    dns: DnsValues | None = None
    """the slow path behind the edge: it follows what the edge does, where it is given"""
    hooks: HookValues = HookValues()
    """what of one's own is called, and when: of a site (docs/dns.md), of a run (docs/hooks.md)"""
    notices: Annotated[tuple[NoticeValues, ...], Field(strict=False)] = ()
    """who learns what of a run: Slack, webhooks, mail, Grafana, Alertmanager (docs/notices.md)"""
    metrics: MetricsValues = MetricsValues()
    """the service's own numbers for Prometheus (docs/metrics.md)"""
    squeeze: SqueezeValues = SqueezeValues()
    """how `deployer squeeze HOST` finds out what a host carries"""
    strategy: Literal["rolling", "canary", "bluegreen"] = "rolling"
    """how a release is brought out when nothing else is said"""
    rolling: RollingValues = RollingValues()
    """host by host, under a floor"""
    canary: CanaryValues = CanaryValues()
    """a few users first"""
    bluegreen: BlueGreenValues = BlueGreenValues()
    """a standby group takes the release, then everybody moves at once"""
    approvals: ApprovalValues = ApprovalValues()
    """who answers for a gate that has no verdict (docs/approvals.md)"""
    freeze: FreezeValues = FreezeValues()
    """when no release goes on (docs/approvals.md)"""
    gate: GateValues | None = None
    """by which numbers it is decided whether to go on; without it a canary is baked for its time"""
    checks: Checks = Field(default={})
    """proof before users, by name (docs/checks.md)"""
    restore: RestoreValues = RestoreValues()
    """how an evacuated site gets its users back"""
    capacity: CapacityValues = CapacityValues()
    """what the hosts can carry"""
    web: WebValues = WebValues()
    """the dashboard, `deployer web` (docs/dashboard.md)"""
    playbooks: PlaybookValues = PlaybookValues()
    """own playbooks in place of ours; paths from the directory of this file"""
    state: str = ""
    """the journal: sqlite:////path/to/file.db or postgresql://…; empty: a file in ~/.local/state/deployer"""

    @model_validator(mode="after")
    def _a_server_for_each_site(self) -> Self:
        urls = self.gate.source.urls if self.gate else {}
        if urls and set(urls) != set(self.sites):
            raise ValueError(f"in gate.source.urls one of each site: {', '.join(self.sites)}")
        return self

    @property
    def rules(self) -> Rules:
        """What is said about people."""
        return Rules(self.approvals.rules, self.freeze.windows, self.freeze.wait)

    @property
    def pool(self) -> str:
        return self.balancers.pool or self.service
