"""A receiver of notices on loopback: hears, answers as told, or hangs"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass
class Ears:
    """`answers` are status codes in turn, the last for ever; while `hung` is set nobody gets an answer."""

    answers: list[int] = field(default_factory=lambda: [200])
    heard: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    hung: bool = False
    over: Event = field(default_factory=Event)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, _, body in self.heard]


@contextmanager
def ears(*answers: int, hung: bool = False) -> Iterator[Ears]:
    one = Ears(list(answers) or [200], hung=hung)

    class Hearing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            one.heard.append((self.path, dict(self.headers), body))
            if one.hung:
                one.over.wait(120)
            code = one.answers.pop(0) if len(one.answers) > 1 else one.answers[0]
            self.send_response(code)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hearing)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    one.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield one
    finally:
        one.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
