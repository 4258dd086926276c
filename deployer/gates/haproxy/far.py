"""The far end of a log: adds up what HAProxy or nginx says of each request, by server, as long as somebody asks

Sent as source to the balancer's own python3 (3.7 or newer, standard library only), with SOCKET LOG LINGER. LOG is an
address for UDP on that machine, or a file. Every connection to SOCKET is answered with all that was counted since the
beginning, as JSON. Two deployers share one; it ends when nobody asked for LINGER seconds.
"""

from __future__ import annotations

import bisect
import contextlib
import fcntl
import json
import os
import re
import selectors
import socket
import sys
import time
from collections.abc import Callable

OURS = re.compile(rb"\d\.\d{3} (\S+) (\S+) (-?\d+) (-?\d+) \+?(-?\d+) \S\S")
HTTPLOG = re.compile(rb" ([^\s/]+)/(\S+) -?\d+/-?\d+/-?\d+/(-?\d+)/\+?(-?\d+) (-?\d+) ")
NGINX = re.compile(rb"^(\S+) (\d+) ([\d.]+) (?:.*[ ,])?(\S+)$")
ERROR = 500
OFTEN = 0.2


def edges() -> list[int]:
    """Milliseconds: 1 to 7 one by one, then each 15 % above the last, to a minute and more."""
    found = [1]
    while found[-1] < 60000:  # noqa: PLR2004
        found.append(max(found[-1] + 1, found[-1] * 115 // 100))
    return found


EDGES = edges()


class Tally:
    def __init__(self) -> None:
        self.rows: dict[tuple[bytes, bytes], list[int]] = {}
        self.lines = self.odd = 0

    def add(self, line: bytes) -> None:
        """One request: lines, failed ones, and the others by how long the server took."""
        self.lines += 1
        read = parsed(line)
        if read is None:
            self.odd += 1
            return
        backend, server, status, milliseconds = read
        row = self.rows.get((backend, server))
        if row is None:
            row = self.rows[backend, server] = [0, 0] + [0] * (len(EDGES) + 1)
        row[0] += 1
        if status >= ERROR:
            row[1] += 1
        elif milliseconds >= 0:
            row[2 + bisect.bisect_left(EDGES, milliseconds)] += 1

    def told(self, began: str, log: str, lost: int) -> bytes:
        rows = [[backend.decode(), server.decode(), row] for (backend, server), row in self.rows.items()]
        known = {"began": began, "log": log, "lost": lost, "lines": self.lines, "odd": self.odd}
        return json.dumps({**known, "edges": EDGES, "rows": rows}).encode()


def parsed(line: bytes) -> tuple[bytes, bytes, int, int] | None:
    """Backend, server, status, and the server's milliseconds (all of them where it gave no answer)."""
    found = OURS.search(line)
    if found:
        backend, server, status, response, total = found.groups()
        return backend, server, int(status), int(response) if int(response) >= 0 else int(total)
    found = NGINX.search(line.rstrip())
    if found:
        backend, status, seconds, server = found.groups()
        return backend, server, int(status), round(float(seconds) * 1000)
    found = HTTPLOG.search(line)
    if found:
        backend, server, response, total, status = found.groups()
        return backend, server, int(status), int(response) if int(response) >= 0 else int(total)
    return None


class Udp:
    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self.link = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        with contextlib.suppress(OSError):
            self.link.setsockopt(socket.SOL_SOCKET, 33, 32 << 20)  # SO_RCVBUFFORCE, where we are root
        self.link.bind((host.strip("[]"), int(port)))
        self.link.setblocking(False)

    def read(self, add: Callable[[bytes], None]) -> None:
        for _ in range(2000):
            try:
                add(self.link.recv(4096))
            except BlockingIOError:
                return

    def drops(self) -> int:
        """What the kernel threw away because we were too slow."""
        inode = str(os.fstat(self.link.fileno()).st_ino)
        for name in ("/proc/net/udp", "/proc/net/udp6"):
            with open(name) as lines:  # noqa: PTH123
                for words in map(str.split, lines):
                    if len(words) > 12 and words[9] == inode:  # noqa: PLR2004
                        return int(words[12])
        return 0


class Followed:
    """A file that grows, and is now and then turned away or emptied."""

    link: socket.socket | None = None

    def __init__(self, path: str) -> None:
        self.path = path
        self.file = open(path, "rb")  # noqa: PTH123, SIM115
        self.file.seek(0, os.SEEK_END)
        self.rest = b""

    def read(self, add: Callable[[bytes], None]) -> None:
        self._lines(add)
        try:
            now = os.stat(self.path)  # noqa: PTH116
        except OSError:
            return
        here = os.fstat(self.file.fileno())
        if now.st_ino != here.st_ino:
            self._lines(add)
            self.file.close()
            self.file, self.rest = open(self.path, "rb"), b""  # noqa: PTH123, SIM115
        elif now.st_size < self.file.tell():
            self.file.seek(0)
            self.rest = b""

    def _lines(self, add: Callable[[bytes], None]) -> None:
        while True:
            some = self.file.read(1 << 20)
            if not some:
                return
            *lines, self.rest = (self.rest + some).split(b"\n")
            for line in lines:
                add(line)

    def drops(self) -> int:
        return 0


def serve(listener: socket.socket, log: Udp | Followed, name: str, linger: float) -> None:
    """Until nobody asks any more."""
    began = f"{os.getpid()}-{time.time():.3f}"
    waiting, tally = selectors.DefaultSelector(), Tally()
    waiting.register(listener, selectors.EVENT_READ)
    if log.link:
        waiting.register(log.link, selectors.EVENT_READ)
    asked = time.monotonic()
    while time.monotonic() - asked < linger:
        ready = [key.fileobj for key, _ in waiting.select(OFTEN if log.link is None else linger)]
        log.read(tally.add)
        if listener in ready:
            asked = time.monotonic()
            link = listener.accept()[0]
            link.settimeout(5)
            with contextlib.suppress(OSError):
                link.recv(64)  # unread, it would break the answer off
                link.sendall(tally.told(began=began, log=name, lost=log.drops()))
            link.close()


def alone(path: str) -> socket.socket | None:
    """The listening socket; None where another one serves it."""
    lock = os.open(path + ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return None
    if os.path.exists(path):  # noqa: PTH110
        os.unlink(path)  # noqa: PTH108
    os.umask(0o177)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    return listener


def main(path: str, name: str, linger: float) -> None:
    listener = alone(path)
    if listener is None:
        return
    try:
        log: Udp | Followed = Followed(name) if name.startswith("/") else Udp(name)
    except OSError as wrong:
        sys.exit(f"{name}: {wrong.strerror}")
    if os.fork():
        os._exit(0)
    os.setsid()
    void = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(void, number)
    serve(listener, log, name, linger)
    os.unlink(path)  # noqa: PTH108


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
