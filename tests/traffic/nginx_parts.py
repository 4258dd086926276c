"""A small site behind a pair of real nginx balancers, from the product's own template"""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from deployer.clock import WallClock
from deployer.lab.templates import render
from deployer.machines import Balancer, Estate, Host
from deployer.settings.values import Settings
from deployer.ssh import Ssh
from deployer.traffic.live import LiveTraffic
from deployer.traffic.nginx import fresh
from tests.ssh.parts import Sshd, children, kill, sshd, until
from tests.traffic.parts import PORT, settings, tiny_host, working

STATUS = 8405
CONF = """\
{user}daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
worker_processes 2;
worker_shutdown_timeout 30s;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/tmp/body;
    proxy_temp_path {folder}/tmp/proxy;
    fastcgi_temp_path {folder}/tmp/fastcgi;
    uwsgi_temp_path {folder}/tmp/uwsgi;
    scgi_temp_path {folder}/tmp/scgi;
    include {folder}/balancer.conf;
}}
"""


@dataclass(slots=True)
class Nginx:
    """One nginx with its folder."""

    name: str
    folder: Path
    address: str
    hosts: tuple[Host, ...]
    sticky: str = "bucket"
    serving: bool = True
    process: subprocess.Popen[bytes] | None = None

    @property
    def maps(self) -> Path:
        return self.folder / "maps"

    def configure(self) -> None:
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True)
        self.maps.mkdir(exist_ok=True)
        for name, text in fresh.files("shop", self.hosts, f"{self.address}:{STATUS}", serving=self.serving).items():
            (self.maps / name).write_text(text)
        values = {
            "balancer_pool": "shop",
            "balancer_bind": [f"{self.address}:{PORT}"],
            "balancer_maps": self.maps,
            "balancer_status_bind": f"{self.address}:{STATUS}",
            "balancer_sticky": self.sticky,
            "balancer_requests_log": self.maps / "requests.log",
        }
        (self.folder / "balancer.conf").write_text(render("nginx_balancer.conf.j2", values))
        user = f"user {getpass.getuser()};\n" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(CONF.format(user=user, folder=self.folder))

    def start(self) -> None:
        words = ["/usr/sbin/nginx", "-p", str(self.folder), "-c", f"{self.folder}/nginx.conf"]
        log = (self.folder / "out.log").open("ab")
        self.process = subprocess.Popen(
            [*words, "-e", f"{self.folder}/error.log"], stdout=log, stderr=log, start_new_session=True
        )
        until(self.answers, f"{self.name} answers")

    def answers(self) -> bool:
        with suppress(OSError, HTTPException):
            return bool(self.status())
        return False

    def status(self) -> str:
        """The digest it runs."""
        return self._answer()[0]

    def worker(self) -> str:
        """The pid of the worker that answers."""
        return self._answer()[1]

    def _answer(self) -> list[str]:
        link = HTTPConnection(self.address, STATUS, timeout=10)
        try:
            link.request("GET", "/deployer_status")
            return link.getresponse().read().decode().split()
        finally:
            link.close()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self.process
        for pid in (self.process.pid, *children(self.process.pid)):
            kill(pid, number)

    def reload(self) -> None:
        """As somebody else does it, who does not wait."""
        assert self.process
        kill(self.process.pid, signal.SIGHUP)

    def stop(self) -> None:
        if self.process:
            self._signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    body: str
    cookies: dict[str, str] = field(default_factory=dict)
    cache: str = ""


@dataclass(slots=True)
class NginxSite:
    """dc1 behind nginx, and the driver over it."""

    folder: Path
    network: str
    hosts: tuple[Host, ...]
    balancers: dict[str, Nginx]
    doors: dict[str, Sshd]
    settings: Settings
    ssh: Ssh = field(init=False)

    @property
    def estate(self) -> Estate:
        balancers = tuple(
            Balancer(name, "dc1", "nginx", self.doors[name].login, "shop", maps=str(part.maps))
            for name, part in self.balancers.items()
        )
        return Estate(self.folder, self.hosts, balancers)

    @property
    def traffic(self) -> LiveTraffic:
        return LiveTraffic(self.estate, self.settings, self.ssh, WallClock())

    def patient(self, seconds: float) -> LiveTraffic:
        """Balancers have so long to agree."""
        told = self.settings.model_dump()
        told["balancers"]["agree_within"] = seconds
        return LiveTraffic(self.estate, Settings.model_validate(told), self.ssh, WallClock())

    def health(self, host: str) -> Path:
        return self.folder / host / "shared" / "health_check.html"

    def get(self, path: str = "/", balancer: str = "lb1", headers: dict[str, str] | None = None) -> Reply:
        """Over a fresh connection."""
        link = HTTPConnection(self.balancers[balancer].address, PORT, timeout=60)
        try:
            link.request("GET", path, headers=headers or {})
            answer = link.getresponse()
            given = dict(one.split(";")[0].split("=", 1) for one in answer.headers.get_all("Set-Cookie") or ())
            return Reply(answer.status, answer.read().decode(), given, answer.headers.get("Cache-Control", ""))
        finally:
            link.close()


@contextmanager
def nginx_site(
    folder: Path, network: str, *, hosts: int = 3, sticky: str = "bucket", serving: bool = True
) -> Iterator[NginxSite]:
    """`network` is the first three numbers of its addresses, one per test file. Its hosts serve, or nobody yet."""
    with ExitStack() as stack:
        doors = {"hosts": stack.enter_context(sshd(folder / "ssh" / "hosts", f"{network}.1"))}
        found = NginxSite(folder, network, (), {}, doors, settings())
        found.hosts = tuple(
            Host(
                f"web{n}",
                "dc1",
                doors["hosts"].login,
                f"{network}.{20 + n}",
                PORT,
                str(folder / f"web{n}"),
                str(found.health(f"web{n}")),
            )
            for n in range(1, hosts + 1)
        )
        for host in found.hosts:
            found.health(host.name).parent.mkdir(parents=True)
            if serving:
                found.health(host.name).write_text("OK slot=A release=1.0.0\n")
            stack.enter_context(tiny_host(host.name, host.address, found.health(host.name)))
        for n in (1, 2):
            name = f"lb{n}"
            doors[name] = stack.enter_context(sshd(folder / "ssh" / name, f"{network}.{10 + n}"))
            part = Nginx(name, folder / name, f"{network}.{10 + n}", found.hosts, sticky, serving)
            found.balancers[name] = part
            part.configure()
            stack.callback(part.stop)
            part.start()
        found.ssh = Ssh(found.estate.logins())
        stack.callback(found.ssh.close)
        yield found


@dataclass(slots=True)
class Load:
    served: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


@contextmanager
def fresh_load(found: NginxSite) -> Iterator[Load]:
    """Requests through both balancers, each over a connection of its own, until the block ends."""
    seen, ending, lock = Load(), threading.Event(), threading.Lock()

    def client(balancer: str) -> None:
        while not ending.wait(0.01):
            try:
                reply = found.get("/", balancer)
                with lock:
                    seen.served[reply.body] = seen.served.get(reply.body, 0) + 1
                    if reply.code != 200:
                        seen.failed.append(f"{reply.code} {reply.body}")
            except (OSError, HTTPException) as error:
                seen.failed.append(repr(error))

    with working((partial(client, name) for name in found.balancers), ending):
        yield seen
