"""A tiny service behind a balancer, which closes while it is drained"""

from __future__ import annotations

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    health: Path
    name: str

    def do_GET(self) -> None:
        while self.path == "/held" and self.health.with_name("hold").exists():
            time.sleep(0.02)
        if self.path == "/slow":
            time.sleep(0.3)
        present = self.health.exists()
        asked = self.path == "/health_check.html"
        body = (self.health.read_text() if present else "gone") if asked else self.name
        self.send_response(404 if asked and not present else 500 if self.broken else 200)
        self.send_header("Content-Length", str(len(body)))
        if asked or not present:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body.encode())

    @property
    def broken(self) -> bool:
        """A page that fails, or all of them but the health page."""
        return self.path == "/broken" or (self.path == "/" and self.health.with_name("broken").exists())

    def log_message(self, *words: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    _, address, port, health, name = sys.argv
    Service.health, Service.name = Path(health), name
    Server((address, int(port)), Service).serve_forever()
