"""What a split costs a balancer per request, against one backend"""

from __future__ import annotations

import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from deployer.lab import lifecycle
from deployer.shipped import rendered
from tests.bench.figure import Figure, interval, ratio
from tests.lab import sides
from tests.lab.sides import MAPS, NETWORK, NEW, OLD, PORT

PLAIN = "one backend"
SERVERS, CONNECTIONS, VISITS, SHARE, CHAPTERS = 4, 32, 60, 500, 21
REQUESTS = CONNECTIONS * VISITS * 5
"""Of each balancer in a chapter."""
ALONE = {**MAPS, "slot.map": f"stable {OLD}\n"}
SHARED = {**MAPS, "pct.map": f"pct {SHARE}\n"}
CASES: Mapping[str, tuple[Mapping[str, str], Mapping[str, object]]] = {
    "split 5 %, users counted": (SHARED, {}),
    "split 5 %, first-seen": (SHARED, {"balancer_sticky": "first-seen"}),
    "two slots, no split": (ALONE, {}),
}
"""Maps, and what else its configuration has."""
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
    """CPU of the HAProxy process. In each chapter all are started anew and asked in turn, for milliseconds each: what
    else the machine does meets all of them, and how a process happens to lie in memory counts once.
    """
    with tempfile.TemporaryDirectory(prefix="dbench") as place:
        chapters = [_chapter(Path(place) / str(number)) for number in range(rounds or CHAPTERS)]
    times = {name: tuple(one[name] for one in chapters) for name in chapters[0]}
    micros = ", ".join(f"{name} {1e6 * median(found):.1f} µs" for name, found in times.items())
    first, *more = (_figure(times, name) for name in CASES)
    return (replace(first, notes=(f"CPU of HAProxy per request: {micros}", NOTE)), *more)


def _figure(times: Mapping[str, tuple[float, ...]], name: str) -> Figure:
    """The median of the chapters' ratios, and the interval that holds it 19 times of 20."""
    pairs = [our / their for our, their in zip(times[name], times[PLAIN], strict=True)]
    low, high = interval(pairs)
    return replace(ratio("cost", name, PLAIN, times, 1.10), value=median(pairs), low=low, high=high)


def _chapter(place: Path) -> dict[str, float]:
    """CPU seconds per request of each."""
    with ExitStack() as stack:
        posts = {PLAIN: stack.enter_context(_post(place / "plain", 1, None, {}))}
        for number, (name, (maps, more)) in enumerate(CASES.items(), 2):
            posts[name] = stack.enter_context(_post(place / str(number), number, maps, more))
        links = {name: [stack.enter_context(post.link()) for _ in range(CONNECTIONS)] for name, post in posts.items()}
        spent = dict.fromkeys(posts, 0.0)
        order = list(posts)
        for visit in range(-2, VISITS):
            for name in order:
                before = posts[name].cpu
                _visits(links[name], visit)
                spent[name] += posts[name].cpu - before if visit >= 0 else 0
            order = [*order[1:], order[0]]
    return {name: seconds / REQUESTS for name, seconds in spent.items()}


@dataclass(frozen=True, slots=True)
class Post:
    """One HAProxy."""

    address: str
    pid: int

    @property
    def cpu(self) -> float:
        """CPU seconds of all threads, to the nanosecond (its CPU-time clock)."""
        return time.clock_gettime((~self.pid << 3) | 2)

    def link(self) -> socket.socket:
        return socket.create_connection((self.address, PORT), timeout=60)


def _visits(links: list[socket.socket], visit: int) -> None:
    """All users ask, then all read: the balancer always has many at once."""
    crowd = [_visit(number * VISITS + visit % VISITS) for number in range(CONNECTIONS)]
    for asked in zip(*crowd, strict=True):
        for link, request in zip(links, asked, strict=True):
            link.sendall(request)
        for link in links:
            _whole(link)


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


@contextmanager
def _post(folder: Path, number: int, maps: Mapping[str, str] | None, more: Mapping[str, object]) -> Iterator[Post]:
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
            text = rendered("haproxy.cfg.j2", {**values, **more})
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
