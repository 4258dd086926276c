"""A playbook under way, as the orchestrator holds it"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import deployer
from deployer.errors import StepFailed
from deployer.playbooks.environment import allowed
from deployer.playbooks.lines import Lines
from deployer.playbooks.request import HostResult, Request, Result

_START = "import sys; sys.path.insert(0, sys.argv[1]); from deployer.playbooks.inside import main; main()"
_GRACE = 30.0


class Play:
    """Started by `start`; `go` lets it act; `result` waits for its end; `forget` ends it before the go."""

    def __init__(self, request: Request, process: subprocess.Popen[bytes]) -> None:
        self._request = request
        self._process = process
        self._lines = Lines(process.stdout.fileno() if process.stdout else -1)
        self._ready = False

    @property
    def hosts(self) -> tuple[str, ...]:
        return self._request.hosts

    @classmethod
    def start(cls, request: Request) -> Play:
        """Returns at once. The process has a session of its own: ^C at the terminal is not for it."""
        process = subprocess.Popen(
            [sys.executable, "-c", _START, str(Path(deployer.__file__).parent.parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=allowed(os.environ, request.record, len(request.hosts)),
            start_new_session=True,
        )
        play = cls(request, process)
        play._write(json.dumps(request.told()))
        return play

    def go(self) -> None:
        """From here on it runs to its end, whatever becomes of us. Its record is there before."""
        if not self._ready and "ready" not in self._answer():
            raise StepFailed("the process of the playbook did not start", where=str(self._request.playbook))
        self._ready = True
        self._write("go")

    def result(self, waiting: Callable[[float], None]) -> Result:
        """Wait for the end; `waiting` is called about each second with the seconds since the go."""
        began = time.monotonic()
        while not self._heard(1.0):
            took = time.monotonic() - began
            if took > self._request.deadline + _GRACE:
                break
            waiting(took)
        answer = self._answer() if self._heard(0) else {}
        self._close()
        if "result" not in answer:
            return Result((), complete=False, note="the process of the playbook was ended from outside")
        told = answer["result"]
        return Result(tuple(HostResult(**host) for host in told["hosts"]), told["complete"], told["note"])

    def forget(self) -> None:
        """Nothing was touched; nothing will be."""
        self._close()

    def _heard(self, seconds: float) -> bool:
        readable, _, _ = select.select([self._lines], [], [], seconds)
        return bool(readable)

    def _answer(self) -> dict[str, Any]:
        line = self._lines.next()
        answer: dict[str, Any] = json.loads(line) if line else {}
        return answer

    def _write(self, line: str) -> None:
        if self._process.stdin:
            try:
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()
            except BrokenPipeError:
                return  # it has ended: what it was told does not matter, result() says so

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe and not pipe.closed:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
