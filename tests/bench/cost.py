"""What a split costs a balancer per request, against one backend; and how long an abort takes to reach everybody"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from deployer.lab import lifecycle
from deployer.lab.layout import SERVICE_PORT, Lab
from deployer.shipped import rendered
from tests.bench import ground
from tests.bench.figure import Figure, ratio, seconds
from tests.bench.rounds import interleaved
from tests.lab import sides
from tests.lab.console import console
from tests.lab.sides import MAPS, NETWORK, NEW, OLD, PORT

PLAIN, SPLIT, ALONE = "one backend", "split 5 %", "two slots, no split"
SERVERS, CONNECTIONS, VISITS, SHARE = 4, 32, 12, 500
DOCUMENT, SCRIPT = "Accept: text/html\r\nSec-Fetch-Dest: document\r\n", "Accept: */*\r\nSec-Fetch-Dest: script\r\n"
CALL = "Accept: application/json\r\nSec-Fetch-Dest: empty\r\n"
BODY = "x" * 2_000
ONE_BACKEND = """\
global
    stats socket {balancer_socket} mode 600 level admin
    maxconn 4000
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout check 2s
    timeout http-keep-alive 30s
    option idle-close-on-response
    retries 2
    option redispatch 1
    retry-on conn-failure empty-response
frontend shop
    bind {bind}
    default_backend shop
backend shop
    balance roundrobin
    http-request disable-l7-retry if !METH_GET !{{ method HEAD }}
    option httpchk
    http-check send meth GET uri /health_check.html ver HTTP/1.1 hdr Host shop
    http-check disable-on-404
    http-check expect status 200
    default-server inter 2s fastinter 200ms fall 2 rise 1 weight 100 pool-purge-delay 1s
{servers}
"""
NOTE = (
    f"a visit is a page, its three assets and a call, by users who hold their cookies; {CONNECTIONS} kept connections"
)


def measure(rounds: int | None) -> tuple[Figure, ...]:
    """CPU seconds of the HAProxy process, per request; the machine's own load changes them little."""
    with tempfile.TemporaryDirectory(prefix="dbench") as place, ExitStack() as stack:
        posts = {
            PLAIN: stack.enter_context(_post(Path(place) / "plain", 1, None)),
            ALONE: stack.enter_context(_post(Path(place) / "alone", 2, {**MAPS, "slot.map": f"stable {OLD}\n"})),
            SPLIT: stack.enter_context(_post(Path(place) / "split", 3, {**MAPS, "pct.map": f"pct {SHARE}\n"})),
        }
        contenders = {name: post.cost for name, post in posts.items()}
        times = interleaved(contenders, rounds or 41, warm_up=1)
    micros = ", ".join(f"{name} {1e6 * median(found):.1f} µs" for name, found in times.items())
    figure = ratio("cost", SPLIT, PLAIN, times, 1.10)
    return (
        replace(figure, notes=(f"CPU of HAProxy per request: {micros}", NOTE)),
        ratio("cost", ALONE, PLAIN, times, 1.10),
    )


@dataclass(frozen=True, slots=True)
class Post:
    """One HAProxy and the users who ask it."""

    address: str
    pid: int

    def cost(self) -> float:
        """CPU seconds per request. All users ask, then all read: the balancer always has many at once."""
        with ExitStack() as stack:
            links = [
                stack.enter_context(socket.create_connection((self.address, PORT), timeout=60))
                for _ in range(CONNECTIONS)
            ]
            before = _cpu(self.pid)
            for visit in range(VISITS):
                crowd = [_visit(number * VISITS + visit) for number in range(CONNECTIONS)]
                for asked in zip(*crowd, strict=True):
                    for link, request in zip(links, asked, strict=True):
                        link.sendall(request)
                    for link in links:
                        _whole(link)
            return (_cpu(self.pid) - before) / (CONNECTIONS * VISITS * 5)


def _visit(user: int) -> list[bytes]:
    """A page, three assets of its release and a call, by somebody who was here before."""
    bucket = user * 10_000 // (CONNECTIONS * VISITS)
    release = NEW if bucket < SHARE else OLD
    assets = [f"/assets/{name}" for name in (f"app.{release}.js", f"style.{release}.css", f"lazy.{release}.js")]
    asked = [("/", DOCUMENT), *((asset, SCRIPT) for asset in assets), ("/api/basket", CALL)]
    cookies = f"Cookie: dp_bucket={bucket}; dp_release={release}\r\n"
    return [f"GET {path} HTTP/1.1\r\nHost: shop.lab\r\n{kind}{cookies}\r\n".encode() for path, kind in asked]


def _whole(link: socket.socket) -> None:
    said = b""
    while not said.endswith(b"xx"):
        some = link.recv(1 << 16)
        if not some or (not said and not some.startswith(b"HTTP/1.1 200")):
            raise SystemExit(f"bench: {some[:200]!r}")
        said += some


def _cpu(pid: int) -> float:
    """CPU seconds of all threads of a process, to the nanosecond (its CPU-time clock)."""
    return time.clock_gettime((~pid << 3) | 2)


@contextmanager
def _post(folder: Path, number: int, maps: dict[str, str] | None) -> Iterator[Post]:
    """`maps` None: one backend with as many servers as serve otherwise, and nothing else. One thread each: steadier."""
    with sides.hosts(folder, number, SERVERS, BODY):
        values = sides.values(folder, number, SERVERS)
        if maps is None:
            text = _one_backend(values)
            wanted = Counter({("shop", "UP"): SERVERS})
        else:
            (folder / "maps").mkdir()
            for name, entries in maps.items():
                (folder / "maps" / name).write_text(entries)
            text = rendered("haproxy.cfg.j2", values)
            wanted = Counter(dict.fromkeys(sides.SETTLED, SERVERS))
        site = sides.Sides(folder, f"{NETWORK}.{number}")
        with sides.haproxy(folder, text.replace("global\n", "global\n    nbthread 1\n", 1)) as pid:
            lifecycle.wait(site.standing, lambda seen: seen == wanted)
            yield Post(site.address, pid)


def _one_backend(values: dict[str, object]) -> str:
    servers = values["balancer_servers"]
    assert isinstance(servers, list)
    serving = servers[:SERVERS]
    lines = "\n".join(f"    server {one['name']} {one['address']}:{one['port']} check" for one in serving)
    binds = values["balancer_bind"]
    assert isinstance(binds, list)
    return ONE_BACKEND.format(balancer_socket=values["balancer_socket"], bind=binds[0], servers=lines)


def abort(rounds: int | None) -> tuple[Figure, ...]:
    """From the start of `deployer abort` to the last answer of the canary to anybody, at any balancer."""
    with ground.lab(2) as lab, console(lab) as operator:
        operator.set(
            rolling={"wave": 1, "min_in_service": 1},
            canary={"steps": [50, 100], "bake": "10m", "headroom": "0%", "sites": "together"},
        )
        found, refused = [], 0
        for _ in range(rounds or 3):
            running = operator.start("deploy", NEW, "--strategy", "canary")
            operator.until_begun(running, "ask")
            watch = Watch(lab)
            watch.start()
            try:
                watch.until_seen()
                began = time.monotonic()
                ended = operator.start("abort")
                running.wait()
                ended.wait()
            finally:
                watch.stop()
            found.append(watch.last - began)
            refused += watch.failed
        note = f"half of the users were on it, two sites, four balancers asked all the time; requests failed: {refused}"
    return (replace(seconds("abort", "abort: to the last canary request", "", found, None), notes=(note,)),)


@dataclass
class Watch:
    """Users of the canary who ask every balancer again and again; `last` is when it answered one for the last time."""

    lab: Lab
    last: float = 0.0
    failed: int = 0
    seen: set[str] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for one in self.lab.balancers:
            self._threads.append(threading.Thread(target=self._ask, args=(one.name, one.address)))
            self._threads[-1].start()

    def until_seen(self) -> None:
        lifecycle.wait(lambda: len(self.seen), lambda seen: seen == len(self.lab.balancers))

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, name: str, address: str) -> None:
        headers = {"Accept": "text/html", "Sec-Fetch-Dest": "document", "Cookie": f"dp_bucket=1; dp_release={NEW}"}
        link = HTTPConnection(address, SERVICE_PORT, timeout=20)
        while not self._over.wait(0.005):
            try:
                link.request("GET", "/", headers=headers)
                answer = link.getresponse()
                answer.read()
            except OSError:
                self.failed += 1
                link.close()
                continue
            self.failed += answer.status != 200
            if answer.headers["X-Release"] == NEW:
                self.last = time.monotonic()
                self.seen.add(name)
        link.close()
