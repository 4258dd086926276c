"""A HAProxy as the product sets it up, with so many servers on each side, all of them one process"""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import Unreachable
from deployer.lab import balancer, lifecycle
from deployer.lab.programs import program
from deployer.shipped import rendered

NETWORK = f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250}"
"""Of this process: two runs on one machine do not meet."""
PORT, FIRST = 8080, 9001
OLD, NEW = "1.0.0", "1.1.0"
BATCH = 100
SETTLED = (("shop_a", "UP"), ("shop_a", "DOWN"), ("shop_b", "UP"), ("shop_b", "DOWN"))
MAPS = {
    "pct.map": "pct 0\n",
    "slot.map": f"stable {OLD}\ncanary {NEW}\n",
    "rel.map": f"{OLD} shop_a\n{NEW} shop_b\n",
    "asset.map": f"{OLD} shop_a\n{NEW} shop_b\n",
}
HOSTS = """\
global
    stats socket {folder}/admin.sock mode 600 level admin
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
"""
SIDE = """\
frontend side_{slot}
    bind {address}:{first}-{last}
    acl asked path /health_check.html
    acl away str({slot}),map_str({folder}/away.map) -m found
    http-request return status 404 if asked away
    http-request return status 200 content-type text/plain string "OK slot={slot}" if asked
    http-request return status 200 hdr X-Release {release}{body}
"""
PAGE = "Sec-Fetch-Dest: document\r\nAccept: text/html\r\n"
CALL = "Sec-Fetch-Dest: empty\r\nAccept: */*\r\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """`bucket` is the number given with this answer, if one was."""

    code: int
    release: str
    bucket: int | None


@dataclass(frozen=True, slots=True)
class Sides:
    """Servers of slot a run OLD, those of slot b NEW; `folder`/hosts is where they live."""

    folder: Path
    address: str

    def share(self, hundredths: int) -> None:
        """At run time, as the driver does it."""
        assert not self.told(f"set map {self.folder}/maps/pct.map pct {hundredths}")

    def told(self, command: str) -> str:
        return balancer.ask(self.folder / "admin.sock", command).strip()

    def leave(self, slot: str) -> None:
        """The health files of its servers are away: all are drained."""
        hosts = self.folder / "hosts"
        assert not balancer.ask(hosts / "admin.sock", f"add map {hosts}/away.map {slot} away").strip()

    def die(self, slot: str) -> None:
        """Its servers refuse every connection."""
        assert not balancer.ask(self.folder / "hosts" / "admin.sock", f"shutdown frontend side_{slot}").strip()

    def answers(self, headers: Sequence[str], *, path: str = "/") -> list[Reply]:
        """One request for each, in order, over one connection."""
        found: list[Reply] = []
        with socket.create_connection((self.address, PORT), timeout=60) as link:
            for start in range(0, len(headers), BATCH):
                some = headers[start : start + BATCH]
                link.sendall("".join(f"GET {path} HTTP/1.1\r\nHost: shop\r\n{more}\r\n" for more in some).encode())
                found += _read(link, len(some))
        return found

    def standing(self) -> Counter[tuple[str, str]]:
        """How many servers of each slot have which status."""
        try:
            rows = [one.split(",") for one in self.told("show stat -1 4 -1").split("\n")]
        except Unreachable:
            return Counter()
        return Counter((row[0], row[17]) for row in rows if row[0].startswith("shop") and row[36] != "INI")


def _read(link: socket.socket, wanted: int) -> list[Reply]:
    said = b""
    while said.count(b"\r\n\r\n") < wanted:
        some = link.recv(1 << 16)
        assert some, "cut off"
        said += some
    return [_reply(head) for head in said.decode().split("\r\n\r\n")[:-1]]


def _reply(head: str) -> Reply:
    release = re.search(r"(?i)^x-release: (\S+)", head, re.MULTILINE)
    bucket = re.search(r"dp_bucket=(\d+)", head)
    return Reply(int(head.split(" ", 2)[1]), release[1] if release else "", int(bucket[1]) if bucket else None)


@contextmanager
def haproxy(folder: Path, text: str) -> Iterator[int]:
    """Its pid; ended whatever happens."""
    (folder / "haproxy.cfg").write_text(text)
    with (folder / "haproxy.log").open("w") as log:
        words = [program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]
        process = subprocess.Popen(words, stdout=log, stderr=log)
        try:
            yield process.pid
        finally:
            process.kill()
            process.wait()


@contextmanager
def sides(folder: Path, number: int, servers: int) -> Iterator[Sides]:
    """`number` tells those apart that one process has at a time. Every server is a port of its own."""
    with hosts(folder, number, servers):
        (folder / "maps").mkdir()
        for name, text in MAPS.items():
            (folder / "maps" / name).write_text(text)
        found = Sides(folder, f"{NETWORK}.{number}")
        with haproxy(folder, rendered("haproxy.cfg.j2", values(folder, number, servers))):
            lifecycle.wait(found.standing, lambda seen: seen == Counter(dict.fromkeys(SETTLED, servers)))
            yield found


@contextmanager
def hosts(folder: Path, number: int, servers: int, body: str = "") -> Iterator[None]:
    """The servers by themselves: those of slot a first."""
    place = folder / "hosts"
    place.mkdir(parents=True)
    (place / "away.map").touch()
    said = f' content-type text/html string "{body}"' if body else ""
    facts = {"address": f"{NETWORK}.{number + 100}", "folder": place, "body": said}
    middle, end = FIRST + servers, FIRST + 2 * servers
    text = HOSTS.format(folder=place)
    text += SIDE.format(slot="A", first=FIRST, last=middle - 1, release=OLD, **facts)
    text += SIDE.format(slot="B", first=middle, last=end - 1, release=NEW, **facts)
    with haproxy(place, text):
        yield


def values(folder: Path, number: int, servers: int) -> dict[str, object]:
    """What the product's template needs to know."""
    (folder / "server.state").touch()
    address, ports = f"{NETWORK}.{number + 100}", range(FIRST, FIRST + 2 * servers)
    return {
        "balancer_pool": "shop",
        "balancer_bind": [f"{NETWORK}.{number}:{PORT}"],
        "balancer_servers": [{"name": f"web{port}", "address": address, "port": port} for port in ports],
        "balancer_socket": folder / "admin.sock",
        "balancer_maps": folder / "maps",
        "balancer_state_file": folder / "server.state",
        "balancer_inter": "2s",
    }
