"""^C on a terminal: once finishes the step, twice stops at once; both leave a run to resume"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path

import pytest

from deployer.cli.main import run
from tests.cli import journals

LONGEST = 120.0
"""A guard against hanging, never reached."""


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self.pid, self._line = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, *words], environment)
        self._deadline = time.monotonic() + LONGEST
        self.said = ""

    def until(self, text: str) -> None:
        while text not in self.said:
            assert self._more(), f"it ended without saying {text!r}:\n{self.said}"

    def type(self, keys: str) -> None:
        os.write(self._line, keys.encode())

    def end(self) -> int:
        """The exit code, or minus the signal."""
        while self._more():
            pass
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._line)

    def _more(self) -> bool:
        assert time.monotonic() < self._deadline, f"it hangs:\n{self.said}"
        if select.select([self._line], [], [], 0.1)[0]:
            try:
                some = os.read(self._line, 65536)
            except OSError:  # the other end is closed
                return False
            self.said += some.decode(errors="replace")
            return bool(some)
        return True


@pytest.mark.parametrize("lively", [True, False], ids=["table", "lines"])
@pytest.mark.parametrize("how", ["once", "ever"])
def test_interrupted_on_a_terminal(tmp_path: Path, how: str, lively: bool, capsys: pytest.CaptureFixture[str]) -> None:
    place = journals.inventory(tmp_path)
    plain = {name: text for name, text in os.environ.items() if name not in ("CI", "NO_COLOR")}
    environment = plain | {"TERM": "xterm", "COLUMNS": "200", "LINES": "50"} | ({} if lively else {"TERM": "dumb"})
    terminal = Terminal(["-m", "tests.cli.stuck", str(place), how], environment)
    try:
        terminal.until("to be interrupted")
        terminal.type("\x03")
        terminal.until("SIGINT: finishing the step under way")
        if how == "ever":
            terminal.type("\x03")
            terminal.until("SIGINT: stopping at once")
        assert terminal.end() == 6
    finally:
        terminal.close()
    assert re.search(r"deployer resume \d{8}-\d{6}-[0-9a-f]{4} -i ", terminal.said)
    assert run(["status", "-i", str(place)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("shop: the lock is free\n")
    assert "stopped by the operator" in said
