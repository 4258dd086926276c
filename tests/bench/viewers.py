"""What the dashboard costs while fifty people watch one run, two records a second"""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deployer.settings.file import read
from deployer.web.desk import people_of
from tests.bench.figure import Figure
from tests.cli.journals import inventory
from tests.report.test_verdicts import passed
from tests.web.ground import Visitor, canary, go_on, put_down

VIEWERS, SECONDS, EACH = 50, 20.0, 0.5
RUN = "20261128-030000-cccc"
TARGET = 10.0
"""Percent of a core."""


def measure(rounds: int | None) -> tuple[Figure, ...]:
    costs = sorted(_round() for _ in range(rounds or 3))
    middle = costs[len(costs) // 2]
    note = f"{VIEWERS} streams of one run with {len(passed().it.plan.steps)} steps, a record every {EACH:g} s"
    return (
        Figure("viewers", f"{VIEWERS} viewers", "", middle, costs[0], costs[-1], "% of a core", TARGET, notes=(note,)),
    )


def _round() -> float:
    before = os.environ.get("DEPLOYER_STATE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DEPLOYER_STATE"] = f"{folder}/state"
        try:
            return _watched(inventory(Path(folder)))
        finally:
            os.environ.pop("DEPLOYER_STATE")
            os.environ.update({"DEPLOYER_STATE": before} if before else {})


def _watched(place: Path) -> float:
    """Percent of a core that the server took."""
    put_down(place, RUN, canary(looks=1), held=True)
    later = iter(passed().it.journal.records[len(canary(looks=1)) :])
    with _server(place) as (pid, port), ExitStack() as watching:
        streams = _streams(place, port, watching)
        _drain(streams, 2.0)
        began, spent, heard = time.monotonic(), _cpu(pid), set[int]()
        while time.monotonic() < began + SECONDS:
            go_on(place, RUN, next(later).event)
            heard |= _drain(streams, EACH)
        assert len(heard) == VIEWERS, f"only {len(heard)} of {VIEWERS} heard anything"
        return 100 * (_cpu(pid) - spent) / (time.monotonic() - began)


@contextmanager
def _server(place: Path) -> Iterator[tuple[int, int]]:
    words = [sys.executable, "-m", "deployer", "web", "-i", str(place), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        try:
            told = next(line for line in server.stderr if line.startswith("open"))
            yield server.pid, int(told.rpartition(":")[2])
        finally:
            server.terminate()


def _streams(place: Path, port: int, watching: ExitStack) -> list[socket.socket]:
    one = Visitor(port)
    one.enter(people_of(read(place / "deployer.yml")).admit("ann", []))
    ask = f"GET /runs/{RUN}/events HTTP/1.1\r\nHost: localhost\r\nCookie: {one.cookie}\r\n\r\n".encode()
    streams = [watching.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(VIEWERS)]
    for stream in streams:
        stream.sendall(ask)
    return streams


def _drain(streams: list[socket.socket], seconds: float) -> set[int]:
    """Take what comes, as browsers do; who heard anything."""
    until, heard = time.monotonic() + seconds, set[int]()
    with selectors.DefaultSelector() as ready:
        for stream in streams:
            ready.register(stream, selectors.EVENT_READ)
        while (left := until - time.monotonic()) > 0:
            for key, _ in ready.select(left):
                assert key.fileobj.recv(1 << 20)  # type: ignore[union-attr]
                heard.add(key.fd)
    return heard


def _cpu(pid: int) -> float:
    """Seconds this process has had of a core."""
    rest = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(rest[11]) + int(rest[12])) / os.sysconf("SC_CLK_TCK")
