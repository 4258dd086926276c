"""What a lab consists of: machines, addresses, folders"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deployer.errors import UsageError

Kind = Literal["web", "lb", "edge"]
Balancing = Literal["haproxy", "nginx"]
SITES = ("dc1", "dc2")
SERVICE_PORT, SSH_PORT, APP_PORT, METRICS_PORT, STATUS_PORT = 8080, 2222, 8081, 8404, 8405
LOG_PORT, PROMETHEUS_PORT = 21514, 9090
BALANCERS_PER_SITE = 2
EDGES = 2
MOST_HOSTS = 200


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine of a lab; `site` is empty for the edge."""

    name: str
    kind: Kind
    site: str
    address: str
    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "srv" / "shop"

    @property
    def socket(self) -> Path:
        return self.folder / "admin.sock"

    @property
    def master_socket(self) -> Path:
        return self.folder / "master.sock"

    @property
    def maps(self) -> Path:
        return self.folder / "maps"

    @property
    def log(self) -> str:
        """Where a balancer says what it did, over UDP."""
        return f"{self.address}:{LOG_PORT}"

    @property
    def state_file(self) -> Path:
        return self.folder / "server.state"

    @property
    def control(self) -> Path:
        return self.folder / "bin" / "shopctl"

    @property
    def health_file(self) -> Path:
        return self.root / "shared" / "health_check.html"


@dataclass(frozen=True, slots=True)
class Lab:
    """`number` is the third byte of every address; `boot` tells a lab from before a reboot."""

    name: str
    folder: Path
    number: int
    hosts_per_site: int
    boot: str
    complete: bool
    balancer: Balancing = "haproxy"
    prometheus: bool = False
    edging: Balancing = "haproxy"
    """What the edge nodes are."""

    @property
    def machines(self) -> tuple[Machine, ...]:
        return tuple(self._machines())

    @property
    def hosts(self) -> tuple[Machine, ...]:
        return tuple(machine for machine in self._machines() if machine.kind == "web")

    @property
    def balancers(self) -> tuple[Machine, ...]:
        return tuple(machine for machine in self._machines() if machine.kind == "lb")

    @property
    def edges(self) -> tuple[Machine, ...]:
        return tuple(machine for machine in self._machines() if machine.kind == "edge")

    @property
    def edge(self) -> Machine:
        """The first of them; users come to all."""
        return self.machine("edge1")

    @property
    def url(self) -> str:
        return f"http://{self.edge.address}:{SERVICE_PORT}"

    @property
    def prometheus_address(self) -> str:
        return f"127.3.{self.number}.90:{PROMETHEUS_PORT}"

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory"

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"

    @property
    def key(self) -> Path:
        return self.folder / "ssh" / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "ssh" / "known_hosts"

    def machine(self, name: str) -> Machine:
        for machine in self._machines():
            if machine.name == name:
                return machine
        known = ", ".join(machine.name for machine in self._machines())
        raise UsageError(f"no machine {name!r} in lab {self.name}", where=str(self.folder), remedy=f"one of {known}")

    def of_site(self, site: str, kind: Kind) -> tuple[Machine, ...]:
        return tuple(one for one in self._machines() if one.site == site and one.kind == kind)

    def _machines(self) -> Iterator[Machine]:
        for second, site in enumerate(SITES, start=1):
            for index in range(1, BALANCERS_PER_SITE + 1):
                yield self._machine(f"{site}-lb{index}", "lb", site, f"127.{second}.{self.number}.{10 + index}")
            for index in range(1, self.hosts_per_site + 1):
                yield self._machine(f"{site}-web{index}", "web", site, f"127.{second}.{self.number}.{20 + index}")
        for index in range(1, EDGES + 1):
            yield self._machine(f"edge{index}", "edge", "", f"127.3.{self.number}.{index}")

    def _machine(self, name: str, kind: Kind, site: str, address: str) -> Machine:
        return Machine(name, kind, site, address, self.folder / "machines" / name)


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def folder_of(name: str, folder: Path | None = None) -> Path:
    """Where the lab of this name lives, unless a folder is given."""
    if folder is not None:
        return folder.resolve()
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return (state / "deployer" / "labs" / name).resolve()


def load(folder: Path) -> Lab | None:
    """The lab in this folder, None when there is none (or `up` died before it had an address)."""
    try:
        told = json.loads((folder / "lab.json").read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Lab(folder=folder, **told)


def store(lab: Lab) -> None:
    told = {
        "name": lab.name,
        "number": lab.number,
        "hosts_per_site": lab.hosts_per_site,
        "boot": lab.boot,
        "complete": lab.complete,
        "balancer": lab.balancer,
        "prometheus": lab.prometheus,
        "edging": lab.edging,
    }
    new = lab.folder / "lab.json.new"
    new.write_text(json.dumps(told, indent=2) + "\n")
    new.replace(lab.folder / "lab.json")
