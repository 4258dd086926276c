"""Between deployer and a lab's Prometheus: what a test lets happen to answers on their way"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.gates.prometheus.parts import served

PATIENCE = 60.0


@dataclass(slots=True)
class Between:
    """`warning` is put into each answer, `late` are seconds each takes longer; `gone`: nobody answers."""

    url: str
    behind: str
    warning: str = ""
    late: float = 0.0
    gone: bool = False

    def answer(self, path: str, form: bytes) -> tuple[int, bytes]:
        """Raises OSError where there is none."""
        if self.gone:
            raise ConnectionRefusedError
        time.sleep(self.late)
        try:
            with urllib.request.urlopen(f"http://{self.behind}{path}", data=form, timeout=PATIENCE) as told:
                return told.status, self._warned(told.read())
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def _warned(self, body: bytes) -> bytes:
        if not self.warning:
            return body
        told: dict[str, Any] = json.loads(body)
        return json.dumps({**told, "warnings": [self.warning]}).encode()


@contextmanager
def between(address: str, behind: str) -> Iterator[Between]:
    """On this address, at any port, until the end."""
    way = Between("", behind)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                code, body = way.answer(self.path, form)
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer((address, 0), Handler)
    server.daemon_threads = True
    way.url = f"http://{address}:{server.server_port}"
    with served(server):
        yield way
