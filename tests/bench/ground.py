"""The lab of the bench: twenty hosts at two sites, taken down whatever happens"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from deployer.lab import balancer, lifecycle
from deployer.lab.host import control
from deployer.lab.layout import SERVICE_PORT, SSH_PORT, Lab, Machine
from tests.bench.rounds import timed

OnHost = Callable[[Machine], object]
HOSTS_PER_SITE = 10
OLD, NEW = "1.0.0", "1.1.0"
SSH = """\
Host {name}
    HostName {address}
"""
SSH_ALL = """\
Host *
    Port {port}
    IdentityFile {lab.key}
    IdentitiesOnly yes
    UserKnownHostsFile {lab.known_hosts}
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    LogLevel ERROR
    ControlMaster auto
    ControlPath {sockets}/%C
    ControlPersist 20
"""


@contextmanager
def lab(hosts_per_site: int = HOSTS_PER_SITE) -> Iterator[Lab]:
    folder = Path(tempfile.mkdtemp(prefix="dbench"))
    try:
        yield lifecycle.up(folder.name, hosts_per_site, folder=folder)
    finally:
        lifecycle.down(folder=folder)
        shutil.rmtree(folder, ignore_errors=True)


def version_of(host: Machine) -> str:
    """Where its link points."""
    return (host.root / "current").readlink().name


def forget(found: Lab, version: str) -> None:
    """The release lies on no host, so that whoever deploys it has to bring it."""
    for host in found.hosts:
        shutil.rmtree(host.root / "releases" / version, ignore_errors=True)


def stands(found: Lab, version: str) -> None:
    """Every host runs this version and every balancer sends it users, or the bench stops: a fast failure is no feat."""
    wrong = [host.name for host in found.hosts if version_of(host) != version]
    if wrong:
        raise SystemExit(f"bench: {', '.join(wrong)} do not run {version}")
    deadline = time.monotonic() + 5
    for one in found.balancers:
        names = {host.name for host in found.of_site(one.site, "web")}
        while not names <= balancer.servers(one).up:
            if time.monotonic() > deadline:
                raise SystemExit(f"bench: {one.name} does not show all hosts up")
            time.sleep(0.05)


def restart_seconds(found: Lab, wave: int) -> tuple[float, ...]:
    """How long the service's own restart takes, a wave of hosts at a time."""
    hosts = found.of_site("dc1", "web")[:wave]
    with ThreadPoolExecutor(wave) as pool:
        return tuple(pool.map(lambda host: timed(lambda: control(host, "restart")), hosts))


def ssh_config(found: Lab, folder: Path) -> Path:
    """An ssh_config that knows every machine by name and keeps connections in this folder."""
    sockets = Path(tempfile.mkdtemp(prefix="cm", dir=folder))
    lines = [SSH.format(name=one.name, address=one.address) for one in found.machines]
    path = sockets / "config"
    path.write_text("".join(lines) + SSH_ALL.format(port=SSH_PORT, lab=found, sockets=sockets))
    return path


def disconnect(found: Lab, config: Path) -> None:
    """No connection of this config is kept."""
    for one in found.machines:
        subprocess.run(["ssh", "-F", str(config), "-O", "exit", one.name], capture_output=True, check=False)


def host_lines(found: Lab) -> str:
    """The hosts as bare/rolling.sh reads them."""
    return "".join(f"{_line(found, host)}\n" for host in found.hosts)


def _line(found: Lab, host: Machine) -> str:
    balancers = ",".join(f"{one.name}={one.socket}" for one in found.of_site(host.site, "lb"))
    url = f"{host.address}:{SERVICE_PORT}"
    return " ".join(map(str, (host.site, host.name, url, host.root, host.control, host.health_file, balancers)))
