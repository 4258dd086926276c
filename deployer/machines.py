"""The machines a service lives on, with what it takes to talk to each"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Login:
    """How to reach one machine by SSH, as the Ansible inventory says; secrets never show in a repr."""

    address: str
    port: int = 22
    user: str = ""
    key_files: tuple[str, ...] = ()
    known_hosts: tuple[str, ...] = ()
    password: str = field(default="", repr=False)
    become: bool = False
    become_user: str = "root"
    become_password: str = field(default="", repr=False)
    proxy_command: str = ""

    def sudo_with(self, password: str) -> Login:
        """With this password where the inventory gives none of its own, as Ansible does it."""
        return replace(self, become_password=self.become_password or password)


@dataclass(frozen=True, slots=True)
class Host:
    """A server of the service. `root` holds releases/, current and shared/; `port` is where users are served.

    `colour` is blue or green where the settings name two groups.
    """

    name: str
    site: str
    login: Login
    address: str
    port: int
    root: str
    health_file: str
    unit: str = ""
    control: str = ""
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Balancer:
    """One load balancer of a site; `kind` haproxy, nginx or opaque (only does health checks, has no API)."""

    name: str
    site: str
    kind: str
    login: Login
    pool: str
    socket: str = ""
    master_socket: str = ""
    maps: str = ""
    log: str = ""
    """Where it logs each request: an address for UDP on that machine, or a file there."""


@dataclass(frozen=True, slots=True)
class EdgeNode:
    name: str
    kind: str
    login: Login
    socket: str
    backend: str
    state_file: str = ""
    """HAProxy: what it reads when it starts; "" = a restart forgets."""
    maps: str = ""
    """nginx: the folder of its shares."""


@dataclass(frozen=True, slots=True)
class Dns:
    """The name users ask for, behind the edge; `addresses` are those where users of each site arrive.

    `kind` is rfc2136 (zone, servers as 10.0.0.53 or 10.0.0.53:5353, key_file) or route53 (hosted_zone). `ttl` is the
    seconds an answer may be kept, `within` those for which a command keeps trying.
    """

    kind: str
    name: str
    addresses: tuple[tuple[str, tuple[str, ...]], ...]
    ttl: int = 30
    within: float = 60.0
    zone: str = ""
    server: str = ""
    secondaries: tuple[str, ...] = ()
    key_file: str = ""
    hosted_zone: str = ""


@dataclass(frozen=True, slots=True)
class Estate:
    """Everything the inventory and the settings say about where the service lives."""

    inventory: Path
    hosts: tuple[Host, ...]
    balancers: tuple[Balancer, ...]
    edges: tuple[EdgeNode, ...] = ()
    dns: Dns | None = None

    @property
    def by_name(self) -> Mapping[str, Host]:
        return {host.name: host for host in self.hosts}

    @property
    def sites(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(host.site for host in self.hosts))

    def hosts_at(self, site: str) -> tuple[Host, ...]:
        return tuple(host for host in self.hosts if host.site == site)

    def balancers_at(self, site: str) -> tuple[Balancer, ...]:
        return tuple(balancer for balancer in self.balancers if balancer.site == site)

    def sudo_with(self, password: str) -> Estate:
        """Every machine's login with this password for sudo, where it has none of its own."""
        return replace(
            self,
            hosts=tuple(replace(one, login=one.login.sudo_with(password)) for one in self.hosts),
            balancers=tuple(replace(one, login=one.login.sudo_with(password)) for one in self.balancers),
            edges=tuple(replace(one, login=one.login.sudo_with(password)) for one in self.edges),
        )

    def logins(self) -> Iterator[tuple[str, Login]]:
        machines: tuple[Host | Balancer | EdgeNode, ...] = (*self.hosts, *self.balancers, *self.edges)
        for machine in machines:
            yield machine.name, machine.login
