"""How the shop misbehaves: flaws of a release, switches at run time"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Rates are 0..1, times are seconds."""

    crash: bool = False
    slow_start: float = 0.0
    unhealthy: bool = False
    says: str = ""
    error_rate: float = 0.0
    latency: float = 0.0
    leak_kb: int = 0
    blocked_threads: int = 0


NAMES = frozenset(field.name for field in fields(Behaviour))


class Switches:
    """`release.json` holds `{"version": …, "flaws": {…}}`, `switches.json` the same keys as flaws."""

    def __init__(self, release: Path, thrown: Path) -> None:
        told = json.loads(release.read_text())
        self.version: str = told["version"]
        self._born = Behaviour(**told["flaws"])
        self._thrown = thrown
        self._stamp = (0, 0)
        self._now = self._born

    def now(self) -> Behaviour:
        try:
            stat = self._thrown.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
        except FileNotFoundError:
            stamp = (0, 0)
        if stamp != self._stamp:
            self._stamp = stamp
            self._now = self._born if stamp == (0, 0) else replace(self._born, **self._read())
        return self._now

    def _read(self) -> dict[str, Any]:
        told = json.loads(self._thrown.read_text())
        return {name: value for name, value in told.items() if name in NAMES}
