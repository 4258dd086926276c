"""A thread that writes the service's own numbers into a file while a run goes on"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock

from deployer.errors import DeployerError
from deployer.events import Record
from deployer.lock import LockStatus
from deployer.metrics import exposition, write
from deployer.recurring import Recurring
from deployer.report.account import account


class Textfile(Recurring):
    """Writes from `with` to its end, and once more then. What goes wrong is told once, and hurts nobody."""

    def __init__(
        self, path: Path, every: float, service: str, lock: Callable[[], LockStatus], complain: Callable[[str], None]
    ) -> None:
        super().__init__("metrics", every)
        self._path, self._service = path, service
        self._lock_status, self._complain = lock, complain
        self._records: list[Record] = []
        self._lock = Lock()

    def __exit__(self, *failure: object) -> None:
        super().__exit__(*failure)
        self._act()

    def catch_up(self, records: Iterable[Record]) -> None:
        with self._lock:
            self._records = list(records)

    def hear(self, record: Record) -> None:
        with self._lock:
            self._records.append(record)

    def _act(self) -> bool:
        with self._lock:
            records = tuple(self._records)
        if not records:
            return True
        try:
            write(self._path, exposition(self._service, account(records), self._lock_status(), time.time()))
        except DeployerError as wrong:
            self._complain(f"warning  {wrong.where}: {wrong.what}")
            return False
        return True
