"""The share that is set is the share that is measured, whatever the number of servers; two sites agree on every user"""

from __future__ import annotations

import math
import os
import re
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from deployer.errors import Unreachable
from deployer.lab import balancer, lifecycle
from deployer.lab.programs import program
from deployer.shipped import rendered

pytestmark = pytest.mark.lab
NETWORK = f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250}"
"""Of this process: two runs of these tests on one machine do not meet."""
PORT, FIRST = 8080, 9001
OLD, NEW = "1.0.0", "1.1.0"
WHOLE = 10_000
SHARES = (10, 100, 500, 5_000)
VISITORS = 5_000
BATCH = 100
SETTLED = (("shop_a", "UP"), ("shop_a", "DOWN"), ("shop_b", "UP"), ("shop_b", "DOWN"))
MAPS = {
    "pct.map": "pct 0\n",
    "slot.map": f"stable {OLD}\ncanary {NEW}\n",
    "rel.map": f"{OLD} shop_a\n{NEW} shop_b\n",
    "asset.map": f"{OLD} shop_a\n{NEW} shop_b\n",
}
HOSTS = """\
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
"""
SIDE = """\
frontend side_{slot}
    bind {address}:{first}-{last}
    http-request return status 200 content-type text/plain string "OK slot={slot}" if {{ path /health_check.html }}
    http-request return status 200 hdr X-Release {release}
"""
PAGE = "Sec-Fetch-Dest: document\r\nAccept: text/html\r\n"
CALL = "Sec-Fetch-Dest: empty\r\nAccept: */*\r\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """`bucket` is the number given with this answer, if one was."""

    release: str
    bucket: int | None


@dataclass(frozen=True, slots=True)
class Site:
    """A HAProxy as the product sets it up, with so many servers on each side."""

    folder: Path
    address: str

    def share(self, hundredths: int) -> None:
        """At run time, as the driver does it."""
        said = balancer.ask(self.folder / "admin.sock", f"set map {self.folder}/maps/pct.map pct {hundredths}")
        assert not said.strip()

    def answers(self, headers: Sequence[str]) -> list[Reply]:
        """One request for each, in order, over one connection."""
        found: list[Reply] = []
        with socket.create_connection((self.address, PORT), timeout=60) as link:
            for start in range(0, len(headers), BATCH):
                some = headers[start : start + BATCH]
                link.sendall("".join(f"GET / HTTP/1.1\r\nHost: shop\r\n{lines}\r\n" for lines in some).encode())
                found += _read(link, len(some))
        return found

    def standing(self) -> Counter[tuple[str, str]]:
        """How many servers of each slot have which status."""
        try:
            rows = [one.split(",") for one in balancer.ask(self.folder / "admin.sock", "show stat -1 4 -1").split("\n")]
        except Unreachable:
            return Counter()
        return Counter((row[0], row[17]) for row in rows if row[0].startswith("shop_") and row[36] != "INI")


def _read(link: socket.socket, wanted: int) -> list[Reply]:
    said = b""
    while said.count(b"\r\n\r\n") < wanted:
        some = link.recv(1 << 16)
        assert some, "cut off"
        said += some
    return [_reply(head) for head in said.decode().split("\r\n\r\n")[:-1]]


def _reply(head: str) -> Reply:
    assert head.startswith("HTTP/1.1 200 "), head
    release = re.search(r"(?i)^x-release: (\S+)", head, re.MULTILINE)
    bucket = re.search(r"dp_bucket=(\d+)", head)
    assert release, head
    return Reply(release[1], int(bucket[1]) if bucket else None)


@contextmanager
def _haproxy(folder: Path, text: str) -> Iterator[None]:
    (folder / "haproxy.cfg").write_text(text)
    with (folder / "haproxy.log").open("w") as log:
        process = subprocess.Popen(
            [program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")], stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.kill()
            process.wait()


@contextmanager
def _site(folder: Path, number: int, servers: int) -> Iterator[Site]:
    """One process answers for all its servers, each of them on a port of its own."""
    (folder / "maps").mkdir(parents=True)
    (folder / "hosts").mkdir()
    (folder / "server.state").touch()
    for name, text in MAPS.items():
        (folder / "maps" / name).write_text(text)
    front, hosts = f"{NETWORK}.{number}", f"{NETWORK}.{number + 100}"
    middle = FIRST + servers
    sides = SIDE.format(slot="A", address=hosts, first=FIRST, last=middle - 1, release=OLD)
    sides += SIDE.format(slot="B", address=hosts, first=middle, last=middle + servers - 1, release=NEW)
    ports = range(FIRST, FIRST + 2 * servers)
    values = {
        "balancer_pool": "shop",
        "balancer_bind": [f"{front}:{PORT}"],
        "balancer_servers": [{"name": f"web{port}", "address": hosts, "port": port} for port in ports],
        "balancer_socket": folder / "admin.sock",
        "balancer_maps": folder / "maps",
        "balancer_state_file": folder / "server.state",
        "balancer_inter": "2s",
    }
    site = Site(folder, front)
    with _haproxy(folder / "hosts", HOSTS + sides), _haproxy(folder, rendered("haproxy.cfg.j2", values)):
        lifecycle.wait(site.standing, lambda seen: seen == Counter(dict.fromkeys(SETTLED, servers)))
        yield site


def _within(count: int, tries: int, share: int) -> bool:
    """Six standard deviations of the binomial: one time in 500 million it is not so."""
    p = share / WHOLE
    return abs(count - tries * p) <= 6 * math.sqrt(tries * p * (1 - p))


@pytest.mark.parametrize("servers", [1, 4, 50])
def test_the_measured_share_is_the_set_one(tmp_path: Path, servers: int) -> None:
    with _site(tmp_path, 1, servers) as site:
        for share in SHARES:
            site.share(share)
            pages = site.answers([PAGE] * VISITORS)
            assert all(reply.bucket is not None and (reply.bucket < share) == (reply.release == NEW) for reply in pages)
            calls = site.answers([CALL] * VISITORS)
            assert all(reply.bucket is None for reply in calls), "who keeps no cookie is given none with a call"
            for seen in (pages, calls):
                over = sum(reply.release == NEW for reply in seen)
                assert _within(over, VISITORS, share), f"{over} of {VISITORS} at {share / 100} %"


def test_of_all_the_buckets_exactly_the_share_is_over_and_two_sites_agree_on_each(tmp_path: Path) -> None:
    users = [f"{PAGE}Cookie: dp_bucket={bucket}\r\n" for bucket in range(WHOLE)]
    with ExitStack() as stack:
        one = stack.enter_context(_site(tmp_path / "dc1", 1, 1))
        two = stack.enter_context(_site(tmp_path / "dc2", 2, 4))
        for share in SHARES:
            one.share(share)
            two.share(share)
            there = one.answers(users)
            assert [reply.release for reply in there] == [NEW] * share + [OLD] * (WHOLE - share)
            some = sorted({0, share - 1, share, WHOLE - 1, *Random(share).sample(range(WHOLE), 500)})
            assert two.answers([users[bucket] for bucket in some]) == [there[bucket] for bucket in some]


def test_who_was_given_a_number_at_one_site_has_the_same_release_at_the_other(tmp_path: Path) -> None:
    with _site(tmp_path / "dc1", 1, 4) as one, _site(tmp_path / "dc2", 2, 1) as two:
        one.share(2_500)
        two.share(2_500)
        given = one.answers([PAGE] * 400)
        jars = [f"Cookie: dp_bucket={reply.bucket}; dp_release={reply.release}\r\n" for reply in given]
        for headers in (PAGE, CALL):
            again = two.answers([headers + jar for jar in jars])
            assert [(reply.release, reply.bucket) for reply in again] == [(reply.release, None) for reply in given]
