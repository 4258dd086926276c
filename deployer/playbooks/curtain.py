"""The curtain: Ansible is ready behind it, and no host is touched before the go"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from deployer.playbooks import orphans, processes
from deployer.playbooks.lines import Lines


class Curtain:
    """Listens for the orchestrator's `go` and opens; ends the playbook when it does not come, or comes to no end."""

    def __init__(self, file: Path, told: Lines, deadline: float) -> None:
        self.file = file
        self.late = False
        self._told = told
        self._deadline = deadline
        self._decided = threading.Event()
        self._closed = threading.Event()
        self._going = False
        self._one = threading.RLock()

    def watch(self) -> None:
        threading.Thread(target=self._listen, daemon=True).start()

    def wait(self) -> bool:
        """True once the go was given, False when there will be none."""
        self._decided.wait()
        return self._going

    def end(self) -> None:
        """No go any more; means nothing after it was given."""
        with self._one:
            if self._decided.is_set():
                return
            self._decided.set()
        threading.Thread(target=self._stop, daemon=True).start()

    def close(self) -> None:
        self._closed.set()

    def _listen(self) -> None:
        if self._told.next() != "go":
            self.end()
            return
        with self._one:
            if self._decided.is_set():
                return
            self._going = True
            self.file.touch()
            self._decided.set()
        if not self._closed.wait(self._deadline):
            self.late = True
            self._stop()

    def _stop(self) -> None:
        """Ansible may be just about to start: until the playbook is over, whatever runs of it is stopped."""
        while not self._closed.is_set():
            orphans.stop(processes.children(os.getpid()))
            time.sleep(0.05)
