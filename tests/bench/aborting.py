"""How long an abort takes to reach everybody"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection

from deployer.lab import lifecycle
from deployer.lab.layout import SERVICE_PORT, Lab
from tests.bench import ground
from tests.bench.figure import Figure, seconds
from tests.lab.console import console
from tests.lab.sides import NEW


def measure(rounds: int | None) -> tuple[Figure, ...]:
    """From the start of `deployer abort` to the last answer of the canary to anybody, at any balancer."""
    with ground.lab(2) as lab, console(lab) as operator:
        operator.set(
            rolling={"wave": 1, "min_in_service": 1},
            canary={"steps": [50, 100], "bake": "10m", "headroom": "0%", "sites": "together"},
        )
        found, refused = [], 0
        for _ in range(rounds or 3):
            running = operator.start("deploy", NEW, "--strategy", "canary")
            operator.until_begun(running, "ask")
            watch = Watch(lab)
            watch.start()
            try:
                watch.until_seen()
                began = time.monotonic()
                ended = operator.start("abort")
                running.wait()
                ended.wait()
            finally:
                watch.stop()
            found.append(watch.last - began)
            refused += watch.failed
        note = f"half of the users were on it, two sites, four balancers asked all the time; requests failed: {refused}"
    return (replace(seconds("abort", "abort: to the last canary request", "", found, None), notes=(note,)),)


@dataclass
class Watch:
    """Users of the canary who ask every balancer again and again; `last` is when it answered one for the last time."""

    lab: Lab
    last: float = 0.0
    failed: int = 0
    seen: set[str] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for one in self.lab.balancers:
            self._threads.append(threading.Thread(target=self._ask, args=(one.name, one.address)))
            self._threads[-1].start()

    def until_seen(self) -> None:
        lifecycle.wait(lambda: len(self.seen), lambda seen: seen == len(self.lab.balancers))

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, name: str, address: str) -> None:
        headers = {"Accept": "text/html", "Sec-Fetch-Dest": "document", "Cookie": f"dp_bucket=1; dp_release={NEW}"}
        link = HTTPConnection(address, SERVICE_PORT, timeout=20)
        while not self._over.wait(0.005):
            try:
                link.request("GET", "/", headers=headers)
                answer = link.getresponse()
                answer.read()
            except OSError:
                self.failed += 1
                link.close()
                continue
            self.failed += answer.status != 200
            if answer.headers["X-Release"] == NEW:
                self.last = time.monotonic()
                self.seen.add(name)
        link.close()
