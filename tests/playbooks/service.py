"""A service for the tests: a control command with start, stop, restart and pid, for as long as the test runs"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

CONTROL = """\
#!/bin/sh
# {flaw}
home={home}
running() {{ [ -s "$home/pid" ] && kill -0 "$(cat "$home/pid")" 2>/dev/null; }}
start() {{ setsid sleep 600 </dev/null >/dev/null 2>&1 & echo $! >"$home/pid"; echo $! >>"$home/all"; }}
stop() {{ if running; then kill "$(cat "$home/pid")"; while running; do sleep 0.01; done; fi; }}
case "$1" in
  start) running || start ;;
  stop) stop ;;
  restart) {restart} ;;
  pid) running && cat "$home/pid" ;;
esac
"""
RESTARTS = {
    "good": "readlink {home}/srv/current >>{home}/restarts; stop; start",
    "lies": "exit 0",
    "refuses": "echo port taken >&2; exit 3",
    "hangs": "exec sleep 60",
    "slow": "sleep 2; readlink {home}/srv/current >>{home}/restarts; stop; start",
    "dies": "stop",
    "daemon-holds-output": "stop; start; sleep 30 & echo $! >>{home}/all",
}


class Service:
    """`restarts` lists where `current` pointed at each restart."""

    def __init__(self, home: Path, flaw: str = "good") -> None:
        self.home = home
        self.root = home / "srv"
        self.control = home / "control"
        (self.root / "releases").mkdir(parents=True, exist_ok=True)
        self.behave(flaw)

    def behave(self, flaw: str) -> None:
        restart = RESTARTS[flaw].format(home=self.home)
        self.control.write_text(CONTROL.format(home=self.home, restart=restart, flaw=flaw))
        self.control.chmod(0o755)

    @property
    def restarts(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return (self.home / "restarts").read_text().split()
        return []

    @property
    def current(self) -> str:
        return str((self.root / "current").readlink())

    def end(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            for pid in (self.home / "all").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
