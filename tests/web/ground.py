"""A dashboard that really listens, over a journal with runs of the real engine in the world in memory"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from socket import create_server
from urllib.parse import urlencode

from deployer.events import Event, Looked, Record
from deployer.journal import Journal
from deployer.web.desk import Desk, desk
from deployer.web.people import Role
from deployer.web.server import Server
from tests.cli.journals import inventory, writing
from tests.report.test_verdicts import passed

__all__ = ["inventory", "writing"]


@dataclass(slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(slots=True)
class Visitor:
    """A browser without scripts: keeps its session, and sends what it is told to."""

    port: int
    cookie: str = ""
    sends: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, **fields: str) -> Answer:
        return self._ask("POST", path, urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded"})

    def enter(self, token: str) -> Answer:
        answer = self.post("/enter", token=token)
        self.cookie = answer.headers.get("set-cookie", "").partition(";")[0]
        return answer

    def mark(self) -> str:
        """As it stands in a form of ours."""
        return self.get("/runs").text.partition('name="mark" value="')[2].partition('"')[0]

    def open(self, method: str, path: str, body: str = "", headers: Mapping[str, str] = {}) -> HTTPResponse:
        link = HTTPConnection("127.0.0.1", self.port, timeout=60)
        mine = {"Cookie": self.cookie} if self.cookie else {}
        link.request(method, path, body or None, {**mine, **self.sends, **headers})
        return link.getresponse()

    def _ask(self, method: str, path: str, body: str = "", headers: Mapping[str, str] = {}) -> Answer:
        with self.open(method, path, body, headers) as got:
            text = got.read().decode()
            return Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, text)


@dataclass(slots=True)
class Dashboard:
    desk: Desk
    port: int

    def visitor(self, *roles: Role, name: str = "ann") -> Visitor:
        """Somebody who has entered."""
        one = Visitor(self.port)
        assert one.enter(self.desk.door.people.admit(name, roles)).status == 303
        return one


@contextmanager
def dashboard(place: Path, port: int = 0, more: tuple[str, ...] = ()) -> Iterator[Dashboard]:
    with desk(place, "prod", more) as one, served(one, port) as listening:
        yield Dashboard(one, listening)


@contextmanager
def served(one: Desk, port: int) -> Iterator[int]:
    ready = threading.Event()

    class Ready(Server):
        async def startup(self, sockets=None) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
            await super().startup(sockets)
            ready.set()

    server, socket = Ready(one), create_server(("127.0.0.1", port))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    try:
        assert ready.wait(60)
        yield socket.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(60)
        socket.close()


def put_down(
    place: Path, run: str, records: Sequence[Record], *, held: bool = False, until: float | None = None
) -> None:
    """Written as if the last record were of this moment; `held`: this process holds the lock for the run."""
    later = (time.time() if until is None else until) - records[-1].at
    with writing(place) as book:
        lease = book.lock.take(run, "ann@ops", "a test")
        for record in records:
            Journal(book.store, book.service, partial(float, record.at + later)).append(
                run, record.event, epoch=lease.epoch
            )
        if not held:
            book.lock.release(lease)


def go_on(place: Path, run: str, *events: Event) -> None:
    """What the holder of the lock writes next."""
    with writing(place) as book:
        lease = book.lock.status().lease
        book.journal.append(run, *events, epoch=lease.epoch if lease else None)


def canary(asks: int = 2, looks: int = 12) -> Sequence[Record]:
    """A canary under way: so many questions were asked, and looked at so often for the last of them."""
    records = passed().it.journal.records
    seen, begun = 0, 0
    for number, record in enumerate(records, 1):
        if isinstance(record.event, Looked):
            begun, seen = (begun, seen + 1) if begun and _same(records, number, record) else (begun + 1, 1)
        if begun == asks and seen == looks:
            return records[:number]
    raise AssertionError("so many looks there are not")


def _same(records: Sequence[Record], number: int, record: Record) -> bool:
    before = next((one.event for one in reversed(records[: number - 1]) if isinstance(one.event, Looked)), None)
    return isinstance(before, Looked) and isinstance(record.event, Looked) and before.number == record.event.number
