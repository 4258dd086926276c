"""Hosts asked by HTTP, past the balancers"""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from deployer.errors import StepFailed
from deployer.machines import Estate, Host, Login
from deployer.model import Release
from deployer.probe import HttpProbe, first_words, read_version
from deployer.settings.values import AppValues
from deployer.steps import Verify
from deployer.world import Order


class Service:
    """A host's HTTP: answers as it is told to, the n-th health question by the n-th of `health` (the last repeats)."""

    def __init__(self, version: str = '{"version": "1.1"}', health: tuple[int, ...] = (200,), delay: float = 0) -> None:
        self.version, self.health, self.delay, self.asked = version, list(health), delay, 0
        service = self

        class Answers(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                time.sleep(service.delay)
                code, body = service.answer(self.path)
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def answer(self, path: str) -> tuple[int, bytes]:
        if path == "/version":
            return 200, self.version.encode()
        code = self.health[min(self.asked, len(self.health) - 1)]
        self.asked += 1
        return code, b"database is away\n" if code != 200 else b"ok\n"

    def host(self, name: str) -> Host:
        return Host(name, "dc1", Login("127.0.0.1"), "127.0.0.1", self._server.server_port, "/srv", "/srv/h")

    def end(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Now:
    """Real time, in leaps: a second of waiting takes a hundredth."""

    def __init__(self) -> None:
        self._slept = 0.0

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds


@pytest.fixture
def services() -> Iterator[list[Service]]:
    made: list[Service] = []
    yield made
    for service in made:
        service.end()


def probe(*hosts: Host) -> HttpProbe:
    from pathlib import Path

    app = AppValues(healthy_for=1, start_timeout=5)
    return HttpProbe(Estate(Path(), hosts, ()), app, Now())


def order(told: list[str], *, stopping: bool = False) -> Order:
    return Order("r1", 1, "0-1", told.append, lambda: stopping)


def verify(*names: str) -> Verify:
    return Verify("dc1", names, Release("1.1"))


def test_look_lists_every_host_also_those_that_do_not_answer(services: list[Service]) -> None:
    services += [Service(), Service(health=(503,)), Service(version="<html>")]
    well, ill, strange = (service.host(name) for service, name in zip(services, "abc", strict=True))
    gone = Host("d", "dc1", Login("127.0.0.1"), "127.0.0.1", 1, "/srv", "/srv/h")
    seen = probe(well, ill, strange, gone).look(["a", "b", "c", "d"])
    assert (seen["a"].version, seen["a"].healthy, seen["a"].note) == ("1.1", True, "")
    assert (seen["b"].version, seen["b"].healthy) == ("1.1", False)
    assert seen["b"].note == "/healthz answers 503: database is away"
    assert (seen["c"].version, seen["c"].healthy) == (None, True)
    assert (seen["d"].version, seen["d"].healthy) == (None, None)
    assert "refused" in seen["d"].note


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<hr>nginx</html>", "502 Bad Gateway"),
        (b"<h1>Not\nhere</h1><hr>", "Not here"),
        (b'{"database": "away"}\n', '{"database": "away"}'),
        (b"\x1b[2Jgone\x00", "[2Jgone"),
        (b"x" * 5000, "x" * 80 + "…"),
        (b"", ""),
    ],
)
def test_an_answer_becomes_one_short_line(body: bytes, words: str) -> None:
    """A page in a live log is a screen full of marks in the middle of the night."""
    assert first_words(body) == words


@pytest.mark.parametrize(
    ("body", "version"),
    [
        (b'{"version": "1.1.0", "started": 5}', "1.1.0"),
        (b"1.1.0\n", "1.1.0"),
        (b'"1.1.0"', "1.1.0"),
        (b"1.10", "1.10"),
        (b"20261123", "20261123"),
        (b'{"release": "2026-11"}', "2026-11"),
        (b"{{ evil }}", None),
        (b"", None),
        (b"[1]", None),
        (b"\xff\xfe", None),
    ],
)
def test_what_a_version_page_says(body: bytes, version: str | None) -> None:
    assert read_version(body) == version


def test_verified_when_healthy_in_a_row(services: list[Service]) -> None:
    """A host that is ill again begins anew."""
    services.append(Service(health=(503, 200, 200, 503, 200)))
    told: list[str] = []
    outcome = probe(services[0].host("a")).verify(verify("a"), order(told))
    assert not outcome.failed
    assert outcome.hosts[0].note == "healthy, answers 1.1"
    assert services[0].asked >= 4 + 20
    assert told[0] == "a: /healthz answers 503: database is away"


def test_a_host_on_the_wrong_release_fails_and_the_others_do_not(services: list[Service]) -> None:
    services += [Service(), Service(version="1.0")]
    outcome = probe(services[0].host("a"), services[1].host("b")).verify(verify("a", "b"), order([]))
    assert [(host.host, host.ok) for host in outcome.hosts] == [("a", True), ("b", False)]
    assert outcome.hosts[1].note == "answers release 1.0, not 1.1"


def test_a_host_that_flaps_is_not_verified(services: list[Service]) -> None:
    services.append(Service(health=(200, 503) * 200))
    (host,) = probe(services[0].host("a")).verify(verify("a"), order([])).hosts
    assert not host.ok


def test_an_operator_who_stops_does_not_wait_for_an_ill_host(services: list[Service]) -> None:
    services.append(Service(health=(503,)))
    with pytest.raises(StepFailed, match="stopped before they were healthy"):
        probe(services[0].host("a")).verify(verify("a"), order([], stopping=True))


def test_nothing_asked_nothing_answered() -> None:
    assert probe().look([]) == {}
