"""What the shop answers: page, assets, API, health, version, metrics"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

from .connection import Answer, Request
from .measures import Measures
from .switches import Switches

HTML, TEXT, JSON = "text/html; charset=utf-8", "text/plain; charset=utf-8", "application/json"
KEEPERS = ("/healthz", "/version", "/metrics")
KINDS = {".js": "text/javascript", ".css": "text/css"}
PAGE = """<!doctype html>
<html data-release="{release}"><head><title>shop {release}</title>
<link rel="stylesheet" href="/assets/style.{release}.css">
<script src="/assets/app.{release}.js" data-chunk="/assets/lazy.{release}.js" defer></script>
</head><body><h1>shop {release}</h1></body></html>
"""


class Shop:
    def __init__(self, release: Path, root: Path, switches: Switches) -> None:
        self._switches = switches
        self._folders = (release / "assets", root / "shared" / "assets")
        self._started = time.time()
        self._measures = Measures(switches.version, self._started)
        self._leaked: list[bytes] = []
        self._gate = threading.Event()
        self.in_flight = 0
        version = switches.now().says or switches.version
        self._page = PAGE.format(release=version).encode()
        self._version = json.dumps({"version": version, "started": self._started}).encode()
        self._routes: dict[str, Callable[[Request], Answer]] = {
            "/": lambda _: Answer(200, HTML, self._page),
            "/healthz": self._health,
            "/version": lambda _: Answer(200, JSON, self._version),
            "/metrics": lambda _: Answer(200, TEXT, self._measures.text()),
            "/slow": self._slow,
        }

    def begin(self) -> float:
        self.in_flight += 1
        return time.perf_counter()

    def end(self, began: float, code: int, path: str) -> None:
        """Users are measured; who looks after the shop is not."""
        self.in_flight -= 1
        if path not in KEEPERS:
            self._measures.count(code, time.perf_counter() - began)

    def answer(self, request: Request) -> Answer:
        route = self._routes.get(request.path)
        if route is not None and request.path in KEEPERS:
            return route(request)
        behaviour = self._switches.now()
        if behaviour.leak_kb:
            self._leaked.append(b"x" * (behaviour.leak_kb * 1024))
        self._block(behaviour.blocked_threads)
        if behaviour.error_rate and random.random() < behaviour.error_rate:
            return Answer(500, TEXT, b"as the switch says\n", after=behaviour.latency)
        answer = route(request) if route else self._elsewhere(request)
        named = (*answer.headers, ("X-Release", self._switches.version))
        return Answer(answer.code, answer.kind, answer.body, named, answer.after + behaviour.latency)

    def _elsewhere(self, request: Request) -> Answer:
        if request.path.startswith("/assets/"):
            return self._asset(request.path.removeprefix("/assets/"))
        if request.path.startswith("/api/"):
            return self._api(request)
        return Answer(404, TEXT, b"no such page\n")

    def _asset(self, name: str) -> Answer:
        if "/" in name or name.startswith("."):
            return Answer(404, TEXT, b"no such asset\n")
        for folder in self._folders:
            try:
                body = (folder / name).read_bytes()
            except OSError:
                continue
            kind = KINDS.get(Path(name).suffix, "application/octet-stream")
            return Answer(200, kind, body, (("Cache-Control", "public, max-age=31536000, immutable"),))
        return Answer(404, TEXT, b"no such asset\n")

    def _api(self, request: Request) -> Answer:
        told = {"release": self._switches.version, "method": request.method, "bytes": len(request.body)}
        cookie = (("Set-Cookie", "basket=full; Path=/"),) if request.path == "/api/basket" else ()
        return Answer(201 if request.method == "POST" else 200, JSON, json.dumps(told).encode(), cookie)

    def _health(self, _: Request) -> Answer:
        if self._switches.now().unhealthy:
            return Answer(500, TEXT, b"unhealthy, as its release says\n")
        return Answer(200, TEXT, b"ok\n")

    def _slow(self, request: Request) -> Answer:
        try:
            seconds = float(parse_qs(request.query).get("seconds", ["2"])[0])
        except ValueError:
            return Answer(400, TEXT, b"seconds is a number\n")
        return Answer(200, TEXT, b"that took a while\n", after=min(max(seconds, 0.0), 60.0))

    def _block(self, wanted: int) -> None:
        if wanted < self._measures.blocked:
            self._gate.set()
            self._gate, self._measures.blocked = threading.Event(), 0
        while self._measures.blocked < wanted:
            threading.Thread(target=self._gate.wait, daemon=True).start()
            self._measures.blocked += 1
