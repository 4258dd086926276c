"""Where the gate's numbers come from"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from deployer.settings.kinds import Name, Seconds, Values

SECRETS = ("token_file", "password_file", "certificate", "key", "ca")


def _url(value: str) -> str:
    if value and not re.match(r"https?://[^/\s@]+(/\S*)?$", value):
        raise ValueError(
            "an address such as https://prometheus.example.com:9090, without a user or password: "
            "those are user, password_file and token_file"
        )
    return value.rstrip("/")


Url = Annotated[str, AfterValidator(_url)]
Names = Annotated[tuple[Literal["spring", "shop", "haproxy", "nginx", "node"], ...], Field(strict=False)]


class QueryValues(Values):
    """One metric of a Prometheus: either bad and total, or buckets, or value."""

    bad: str = ""
    """counts: a selector of counters of what went wrong, such as requests_total{{scope},code=~"5.."}"""
    total: str = ""
    """counts: a selector of counters of all of it"""
    buckets: str = ""
    """a histogram: a selector of its _bucket counters"""
    unit: str = "s"
    """what a histogram's edges are measured in"""
    value: str = ""
    """a gauge: an expression with one value per group, such as avg(load1{{scope}})"""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = (bool(self.bad and self.total), bool(self.buckets), bool(self.value))
        if sum(kinds) != 1 or bool(self.bad) != bool(self.total):
            raise ValueError("either bad and total (counts), or buckets (a histogram), or value (a gauge)")
        return self


class SourceValues(Values):
    kind: Literal["haproxy", "prometheus", "files"] = "haproxy"
    """haproxy: what the balancers count and log (nginx too); prometheus: a server with its API; files: recorded data"""
    url: Url = ""
    """prometheus: its address, such as https://prometheus.example.com:9090"""
    urls: dict[Name, Url] = Field(default={})
    """or one of each site: {dc1: https://…, dc2: https://…}"""
    queries: Names = ()
    """ready queries, asked in this order for the first that knows a metric: spring, shop, haproxy, nginx, node"""
    own: dict[Name, QueryValues] = Field(default={})
    """own queries by metric: error_rate, latency, cpu, memory, blocked_threads or names of your own"""
    host_label: str = ""
    """the label that names the host; empty: that of the ready queries, else instance"""
    host_value: str = ""
    """what that label says, as a pattern with {name}, {address}, {port}; empty: name or address, with any port"""
    site_label: str = ""
    """the label that names the site, where there is one"""
    step: Seconds = 30
    """between two values of a gauge; longer than two scrapes"""
    timeout: Seconds = 10
    """how long an answer may take"""
    token_file: str = ""
    """a file with a bearer token, read anew each time"""
    token_env: str = ""
    """or an environment variable with it"""
    user: str = ""
    """for basic authentication"""
    password_file: str = ""
    """a file with its password"""
    password_env: str = ""
    """or an environment variable with it"""
    certificate: str = ""
    """a client certificate (PEM), for TLS in both directions"""
    key: str = ""
    """its key, when that is in a file of its own"""
    ca: str = ""
    """who signed the server's certificate (PEM); empty: whom this machine trusts"""
    headers: dict[Name, str] = Field(default={})
    """more headers, such as {X-Scope-OrgID: shop}"""
    files: dict[Literal["canary", "baseline"], str] = Field(default={})
    """files: recorded data of each side, {canary: FILE, baseline: FILE}; formats in docs/gate.md"""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "prometheus" and bool(self.url) == bool(self.urls):
            raise ValueError("either url, or urls with one of each site, for a prometheus")
        if self.kind == "prometheus" and not (self.queries or self.own):
            raise ValueError("queries (ready ones) or own, for a prometheus")
        if self.kind == "files" and set(self.files) != {"canary", "baseline"}:
            raise ValueError("files: {canary: FILE, baseline: FILE}, for recorded data")
        if self.key and not self.certificate:
            raise ValueError("a certificate to the key")
        if self.user and not (self.password_file or self.password_env):
            raise ValueError("password_file or password_env to the user")
        return self

    def placed(self, directory: Path) -> SourceValues:
        """Relative paths count from the directory of deployer.yml."""
        placed = {name: _placed(directory, getattr(self, name)) for name in SECRETS}
        files = {side: _placed(directory, path) for side, path in self.files.items()}
        return self.model_copy(update={**placed, "files": files})


def _placed(directory: Path, path: str) -> str:
    return str(directory / Path(path).expanduser()) if path else ""
