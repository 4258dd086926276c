"""A dashboard that really listens, over a journal with runs of the real engine in the world in memory"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from socket import create_server
from urllib.parse import urlencode

import uvicorn

from deployer.web.desk import Desk, desk
from deployer.web.people import Role
from deployer.web.server import configured
from tests.cli.journals import inventory, writing

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
def dashboard(place: Path) -> Iterator[Dashboard]:
    with desk(place, "prod") as one, served(one) as port:
        yield Dashboard(one, port)


@contextmanager
def served(one: Desk) -> Iterator[int]:
    ready = threading.Event()

    class Ready(uvicorn.Server):
        async def startup(self, sockets=None) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
            await super().startup(sockets)
            ready.set()

    server, socket = Ready(configured(one)), create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    try:
        assert ready.wait(60)
        yield socket.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(60)
        socket.close()
