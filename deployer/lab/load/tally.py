"""What the load saw: failures by kind, releases, flips, mixed pages"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

KEPT_FAILURES = 200


@dataclass(slots=True)
class Tally:
    log: TextIO
    began: float = field(default_factory=time.time)
    requests: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    first: list[dict[str, object]] = field(default_factory=list)
    by_kind: Counter[str] = field(default_factory=Counter)
    by_release: Counter[str] = field(default_factory=Counter)
    cookieless: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    mixed_pages: int = 0
    mixed_calls: int = 0
    flips: Counter[str] = field(default_factory=Counter)
    users: dict[int, str] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    lag: float = 0.0

    def answered(self, kind: str, release: str, seconds: float, *, slow: bool) -> None:
        self.requests += 1
        self.by_kind[kind] += 1
        if release:
            self.by_release[release] += 1
        if not slow:
            self.latencies.append(seconds)

    def failed(self, kind: str, why: str, target: str, user: int) -> None:
        self.requests += 1
        self.by_kind[kind] += 1
        self.failures[why] += 1
        told: dict[str, object] = {"at": time.time(), "kind": kind, "why": why, "target": target, "user": user}
        if len(self.first) < KEPT_FAILURES:
            self.first.append(told)
        self.note(told)

    def page(self, user: int, release: str) -> None:
        self.pages += 1
        before = self.users.get(user)
        if before is not None and before != release:
            self.flips[f"{before}>{release}"] += 1
        self.users[user] = release

    def note(self, told: dict[str, object]) -> None:
        self.log.write(json.dumps(told) + "\n")
        self.log.flush()

    def result(self) -> dict[str, object]:
        seconds = time.time() - self.began
        return {
            "began": self.began,
            "seconds": round(seconds, 3),
            "requests": self.requests,
            "rate": round(self.requests / seconds, 1),
            "failed": sum(self.failures.values()),
            "failures": dict(self.failures),
            "first_failures": self.first,
            "by_kind": dict(self.by_kind),
            "by_release": dict(self.by_release),
            "cookieless_by_release": dict(self.cookieless),
            "users_by_release": dict(Counter(self.users.values())),
            "pages": self.pages,
            "mixed_pages": self.mixed_pages,
            "mixed_calls": self.mixed_calls,
            "flips": dict(self.flips),
            "latency_ms": _quantiles(self.latencies),
            "largest_lag_ms": round(self.lag * 1000, 1),
        }

    def write(self, path: Path, more: dict[str, object]) -> None:
        new = path.with_suffix(".new")
        new.write_text(json.dumps({**self.result(), **more}, indent=2) + "\n")
        new.replace(path)


def _quantiles(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    ordered = sorted(seconds)
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(ordered[min(int(q * len(ordered)), len(ordered) - 1)] * 1000, 2) for name, q in at.items()}
