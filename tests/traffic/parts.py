"""A small site of real parts: HAProxy pair, hosts, sshd"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from deployer.clock import WallClock
from deployer.machines import Balancer, Estate, Host
from deployer.model import Release
from deployer.settings.values import Settings
from deployer.ssh import Ssh
from deployer.traffic.live import LiveTraffic
from deployer.world import Order
from tests.ssh.parts import Sshd, children, kill, sshd, until

PORT, LOG_PORT = 8080, 21514
NEW = Release("2.0.0")

GLOBAL = """\
global
    maxconn 500
    stats socket {folder}/admin.sock mode 600 level {level} expose-fd listeners
    server-state-file {folder}/server.state
    hard-stop-after 60s
    log {address}:{log_port} len 512 format raw local0 info
defaults
    mode {mode}
    log global
    option {mode}log
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    timeout check 10s
    load-server-state-from-file global
"""
TWO = """\
frontend shop
    bind {address}:{port}
    http-request set-var(txn.release) str(stable),map_str({folder}/maps/slot.map)
    http-request set-var(txn.pct) str(pct),map_str_int({folder}/maps/pct.map,0)
    http-request set-var(txn.below) rand(10000),sub(txn.pct)
    http-request set-var(txn.release) str(canary),map_str({folder}/maps/slot.map) if {{ var(txn.below) -m int lt 0 }}
    http-request set-var(txn.backend) var(txn.release),map_str({folder}/maps/rel.map)
    http-request set-var(txn.asset) path,field(3,/),map_str({folder}/maps/asset.map) if {{ path_beg /assets/ }}
    use_backend %[var(txn.asset)] if {{ var(txn.asset) -m found }}
    use_backend %[var(txn.backend)] if {{ var(txn.backend) -m found }}
    default_backend shop_a
"""
ONE = """\
frontend shop
    bind {address}:{port}
    default_backend shop
"""
BACKEND = """\
backend shop{half}
    option httpchk GET /health_check.html
    http-check disable-on-404
    http-check expect {expect}
    default-server inter 200ms fastinter 100ms fall 2 rise 1 weight 100
"""
NO_MAPS = {"pct.map": "pct 0\n", "slot.map": "", "rel.map": "", "asset.map": ""}


@dataclass(slots=True)
class Haproxy:
    """One HAProxy with its folder; `configure` writes, `reload` and `stop` do what they say."""

    name: str
    folder: Path
    address: str
    hosts: dict[str, str]
    halves: str = "ab"
    mode: str = "http"
    level: str = "admin"
    more: str = ""
    process: subprocess.Popen[bytes] | None = None

    def configure(self) -> None:
        (self.folder / "maps").mkdir(parents=True, exist_ok=True)
        for name, text in NO_MAPS.items():
            if not (self.folder / "maps" / name).exists():
                (self.folder / "maps" / name).write_text(text)
        (self.folder / "server.state").touch()
        facts = {"folder": self.folder, "address": self.address, "port": PORT, "log_port": LOG_PORT}
        facts |= {"mode": self.mode, "level": self.level}
        text = (GLOBAL + (TWO if self.halves else ONE)).format(**facts)
        for half in self.halves or " ":
            expect = f"string slot={half.upper()}" if self.halves else "status 200"
            text += BACKEND.format(half=f"_{half}".rstrip("_ "), expect=expect) + self.more
            for name, address in self.hosts.items():
                text += f"    server {name} {address}:{PORT} check cookie {name}\n"
        (self.folder / "haproxy.cfg").write_text(text)

    def start(self) -> None:
        words = ["haproxy", "-W", "-S", f"{self.folder}/master.sock", "-f", f"{self.folder}/haproxy.cfg"]
        log = (self.folder / "haproxy.log").open("ab")
        self.process = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
        until(self.answers, f"{self.name} answers")

    def answers(self) -> bool:
        with suppress(OSError):
            return "Pid:" in self.ask("show info")
        return False

    def ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(10)
            link.connect(f"{self.folder}/admin.sock")
            link.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: link.recv(65536), b"")).decode()

    def pid(self) -> str:
        return next(line for line in self.ask("show info").splitlines() if line.startswith("Pid:"))

    def reload(self, *, keep_state: bool = True) -> None:
        """By somebody else: the new worker answers when this returns, the old one may still serve."""
        assert self.process
        before = self.pid()
        (self.folder / "server.state").write_text(self.ask("show servers state") if keep_state else "")
        kill(self.process.pid, signal.SIGUSR2)
        until(lambda: self.answers() and self.pid() != before, f"{self.name} has a new worker")

    def stop(self) -> None:
        if self.process:
            for pid in (self.process.pid, *children(self.process.pid)):
                kill(pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def sessions(self, host: str) -> int:
        rows = (line.split(",") for line in self.ask("show stat").splitlines() if line.startswith("shop"))
        return sum(int(row[4]) for row in rows if row[1] == host)

    def status(self, host: str) -> dict[str, str]:
        """Backend -> status."""
        rows = (line.split(",") for line in self.ask("show stat").splitlines() if line.startswith("shop"))
        return {row[0]: row[17] for row in rows if row[1] == host}


@dataclass(slots=True)
class Ordered:
    """Makes orders, and keeps what was told."""

    run: str = "run1"
    epoch: int = 1
    told: list[str] = field(default_factory=list)
    stop: bool = False

    @property
    def order(self) -> Order:
        return Order(self.run, self.epoch, "0-1", self.told.append, lambda: self.stop)


class Held:
    """A request under way in the background; `let_go` gives its answer."""

    def __init__(self, found: Site, hold: Path, balancer: str) -> None:
        self._site, self._hold, self._balancer = found, hold, balancer
        self._answer: tuple[int, str] | str = ""
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def let_go(self) -> tuple[int, str] | str:
        self._hold.unlink(missing_ok=True)
        self._thread.join(60)
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._site.get("/held", self._balancer)
        except (OSError, HTTPException) as error:
            self._answer = repr(error)


@dataclass(slots=True)
class Site:
    """dc1 with its parts, and the driver over it. Health files lie in `folder`/HOST/."""

    folder: Path
    network: str
    balancers: dict[str, Haproxy]
    doors: dict[str, Sshd]
    hosts: tuple[str, ...]
    settings: Settings
    kind: str = "haproxy"
    master: bool = True
    ssh: Ssh = field(init=False)

    @property
    def estate(self) -> Estate:
        hosts = tuple(
            Host(
                name,
                "dc1",
                self.doors["hosts"].login,
                self.address(name),
                PORT,
                str(self.folder / name),
                str(self.health(name)),
            )
            for name in self.hosts
        )
        balancers = tuple(
            Balancer(
                name,
                "dc1",
                self.kind,
                self.doors[name].login,
                "shop",
                f"{part.folder}/admin.sock",
                f"{part.folder}/master.sock" if self.master else "",
                f"{part.folder}/maps",
                f"{part.address}:{LOG_PORT}",
            )
            for name, part in self.balancers.items()
        )
        return Estate(self.folder, hosts, balancers)

    def address(self, host: str) -> str:
        return f"{self.network}.{20 + self.hosts.index(host) + 1}"

    def health(self, host: str) -> Path:
        return self.folder / host / "shared" / "health_check.html"

    @property
    def traffic(self) -> LiveTraffic:
        return LiveTraffic(self.estate, self.settings, self.ssh, WallClock())

    def with_settings(self, **changes: object) -> LiveTraffic:
        """A driver over the same parts whose `rolling` and `balancers` settings differ."""
        told = self.settings.model_dump()
        for key, value in changes.items():
            group = "balancers" if key in told["balancers"] else "rolling"
            told[group][key] = value
        return LiveTraffic(self.estate, Settings.model_validate(told), self.ssh, WallClock())

    @contextmanager
    def held(self, host: str, balancer: str = "lb1") -> Iterator[Held]:
        """A request to this host that is not answered until it is let go."""
        hold = self.health(host).with_name("hold")
        hold.touch()
        found = Held(self, hold, balancer)
        part = self.balancers[balancer]
        others = [name for name in self.hosts if name != host]
        backend = next(iter(part.status(host)))
        try:
            for name in others:
                part.ask(f"set server {backend}/{name} state drain")
            found.start()
            until(lambda: part.sessions(host) == 1, "the request is under way")
            for name in others:
                part.ask(f"set server {backend}/{name} state ready")
            yield found
        finally:
            found.let_go()

    def get(self, path: str = "/", balancer: str = "lb1") -> tuple[int, str]:
        link = HTTPConnection(self.balancers[balancer].address, PORT, timeout=60)
        try:
            link.request("GET", path)
            answer = link.getresponse()
            return answer.status, answer.read().decode()
        finally:
            link.close()


def at_home(found: Site) -> None:
    """All hosts are up again in slot a, with HAProxies as they were configured."""
    for part in found.balancers.values():
        if part.process is None:
            part.start()
    for name in found.hosts:
        found.health(name).write_text("OK slot=A release=1.0.0\n")
    for part in found.balancers.values():
        until(lambda p=part: _settled(p, found.hosts), f"{part.name} sees all hosts")


def settings(**rolling: object) -> Settings:
    return Settings.model_validate(
        {
            "service": "shop",
            "hosts": "web",
            "sites": {"dc1": {"group": "dc1"}},
            "release": {"artifact": "/a-{version}.tar.gz", "root": "/r"},
            "health_file": {"path": "/h"},
            "balancers": {"agree_within": 10},
            "rolling": {"drain_timeout": 10, **rolling},
        }
    )


@contextmanager
def site(
    folder: Path,
    network: str,
    *,
    hosts: int = 3,
    balancers: int = 2,
    halves: str = "ab",
    mode: str = "http",
    more: str = "",
) -> Iterator[Site]:
    """`network` is the first three numbers of its addresses, one per test file: 127.9.1"""
    names = tuple(f"web{n}" for n in range(1, hosts + 1))
    with ExitStack() as stack:
        doors = {"hosts": stack.enter_context(sshd(folder / "ssh" / "hosts", f"{network}.1"))}
        found = Site(folder, network, {}, doors, names, settings())
        for name in names:
            found.health(name).parent.mkdir(parents=True)
            found.health(name).write_text("OK slot=A release=1.0.0\n")
            stack.enter_context(tiny_host(name, found.address(name), found.health(name)))
        for n in range(1, balancers + 1):
            name = f"lb{n}"
            doors[name] = stack.enter_context(sshd(folder / "ssh" / name, f"{network}.{10 + n}"))
            servers = {host: found.address(host) for host in names}
            part = Haproxy(name, folder / name, f"{network}.{10 + n}", servers, halves, mode, more=more)
            found.balancers[name] = part
            part.configure()
            stack.callback(part.stop)
            part.start()
        found.ssh = Ssh(found.estate.logins())
        stack.callback(found.ssh.close)
        for part in found.balancers.values():
            until(lambda p=part: _settled(p, names), f"{part.name} sees all hosts")
        yield found


def _settled(part: Haproxy, names: tuple[str, ...]) -> bool:
    wanted = {"shop_a": "UP", "shop_b": "DOWN"} if part.halves else {"shop": "UP"}
    return all(part.status(name) == wanted for name in names)


@contextmanager
def tiny_host(name: str, address: str, health: Path) -> Iterator[None]:
    program = Path(__file__).with_name("tiny_host.py")
    process = subprocess.Popen([sys.executable, str(program), address, str(PORT), str(health), name])

    def listens() -> bool:
        with socket.socket() as link:
            return link.connect_ex((address, PORT)) == 0

    try:
        until(listens, f"{name} listens")
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def working(works: Iterable[Callable[[], None]], ending: threading.Event, *, within: float = 30) -> Iterator[None]:
    """A thread for each, until the block ends: then `ending` tells them."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join(within)


@dataclass(slots=True)
class Load:
    """Requests through all balancers, over kept and fresh connections, until it is stopped."""

    ok: int = 0
    served: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


@contextmanager
def load(found: Site, *, each: int = 2) -> Iterator[Load]:
    seen, ending = Load(), threading.Event()
    lock = threading.Lock()

    def client(address: str, *, kept: bool) -> None:
        link = HTTPConnection(address, PORT, timeout=20)
        while not ending.wait(0.01):
            try:
                link.request("GET", "/")
                answer = link.getresponse()
                name = answer.read().decode()
                with lock:
                    seen.ok += answer.status == 200
                    seen.served[name] = seen.served.get(name, 0) + 1
                    if answer.status != 200:
                        seen.failed.append(f"{answer.status} {name}")
            except (OSError, HTTPException) as error:
                seen.failed.append(repr(error))
                link.close()
            if not kept:
                link.close()
        link.close()

    clients = [partial(client, part.address, kept=n % 2 == 0) for part in found.balancers.values() for n in range(each)]
    with working(clients, ending):
        yield seen
