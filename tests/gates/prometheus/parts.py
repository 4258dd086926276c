"""A real Prometheus on a loopback address, and hosts whose numbers a test sets"""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

from deployer.gates.source import Group, Question
from deployer.machines import Estate, Host, Login
from tests.ssh.parts import kill, until

NETWORK = "127.40.1"
EXPORTER, PORT = 9100, 9090
HOSTS = {"dc1": ("web1", "web2"), "dc2": ("web3", "web4")}


@dataclass(slots=True)
class Exporter:
    """One host's /metrics: counters and gauges by their name with labels; silent when it is `down`."""

    address: str
    values: dict[str, float] = field(default_factory=dict)
    down: bool = False

    def add(self, name: str, more: float) -> None:
        self.values[name] = self.values.get(name, 0.0) + more

    @contextmanager
    def served(self) -> Iterator[None]:
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = "".join(f"{name} {value}\n" for name, value in exporter.values.items()).encode()
                self.send_response(503 if exporter.down else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        with served(ThreadingHTTPServer((self.address, EXPORTER), Handler)):
            yield


@contextmanager
def served(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(slots=True)
class Prometheus:
    """Scrapes twice a second; `stop`, `start`, `freeze`, `thaw` do what they say."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{NETWORK}.1:{PORT}"

    def configure(self, targets: dict[str, dict[str, str]]) -> None:
        """Addresses with their labels."""
        static = [{"targets": [f"{address}:{EXPORTER}"], "labels": labels} for address, labels in targets.items()]
        config = {
            "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"},
            "scrape_configs": [{"job_name": "shop", "static_configs": static}],
        }
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config))

    def start(self) -> None:
        words = ["prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data"]
        words += [f"--web.listen-address={NETWORK}.1:{PORT}", "--log.level=warn", "--storage.tsdb.retention.time=1h"]
        log = (self.folder / "prometheus.log").open("ab")
        self.process = subprocess.Popen(words, stdout=log, stderr=log, cwd=self.folder, start_new_session=True)
        until(lambda: self.ask("vector(1)") == [1.0], "prometheus answers")

    def stop(self) -> None:
        if self.process:
            kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        assert self.process
        kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process
        kill(self.process.pid, signal.SIGCONT)

    def ask(self, query: str, at: float | None = None) -> list[float]:
        with suppress(OSError, ValueError):
            form = urllib.parse.urlencode({"query": query, **({"time": at} if at else {})})
            with urllib.request.urlopen(f"{self.url}/api/v1/query?{form}", timeout=5) as answer:
                return [float(one["value"][1]) for one in json.load(answer)["data"]["result"]]
        return []


@dataclass(slots=True)
class Ground:
    """Two sites with two hosts each, and the Prometheus over them."""

    prometheus: Prometheus
    exporters: dict[str, Exporter]
    estate: Estate

    def set(self, host: str, **counters: float) -> None:
        for name, value in counters.items():
            self.exporters[host].values[name] = value

    def scraped(self, *, seconds: int = 0) -> float:
        """Waits until everything that can be scraped was, from now on; the whole second after."""
        after = time.time()
        living = sum(not one.down for one in self.exporters.values())

        def fresh() -> bool:
            query = f"count((timestamp(up) > {after + seconds}) and (up == 1)) == {living}"
            return self.prometheus.ask(query) != []

        until(fresh, "everything was scraped")
        at = float(int(time.time()) + 1)
        until(lambda: time.time() >= at, "the second is over")
        return at

    def question(self, start: float, *metrics: str, sites: tuple[str, ...] = ("dc1", "dc2")) -> Question:
        canary = Group("1.1.0", {"dc1": ("web1",), "dc2": ("web3",)})
        baseline = Group("1.0.0", {"dc1": ("web2",), "dc2": ("web4",)})
        return Question(canary, baseline, sites, metrics or ("error_rate",), start)


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    names = [(site, name) for site, hosts in HOSTS.items() for name in hosts]
    addresses = {name: f"{NETWORK}.{20 + number}" for number, (_, name) in enumerate(names, start=1)}
    hosts = tuple(Host(name, site, Login("x"), addresses[name], 8080, "/r", "/h") for site, name in names)
    exporters = {name: Exporter(address) for name, address in addresses.items()}
    server = Prometheus(folder)
    server.configure({addresses[name]: {"host": name, "site": site} for site, name in names})
    with ExitStack() as stack:
        for exporter in exporters.values():
            stack.enter_context(exporter.served())
        stack.callback(server.stop)
        server.start()
        yield Ground(server, exporters, Estate(folder, hosts, ()))
