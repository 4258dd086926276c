"""Counters that only grow, added up over the restarts of whoever counts"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Row = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody counted since it began; `began` is another after a restart."""

    began: str
    rows: Mapping[str, Row]


@dataclass(slots=True)
class Ledger:
    """What was gained between looks of the same beginning. What happened across a restart is not known: not counted."""

    gained: dict[str, Row] = field(default_factory=dict)
    last: Look | None = None

    def add(self, now: Look) -> bool:
        """Whether everything since the look before is known."""
        before, self.last = self.last, now
        if before is None:
            return False
        if before.began != now.began or _fell(before, now):
            return False
        for name, row in now.rows.items():
            old = before.rows.get(name, (0,) * len(row))
            sofar = self.gained.get(name, (0,) * len(row))
            self.gained[name] = tuple(all_ + new - gone for all_, new, gone in zip(sofar, row, old, strict=True))
        return True


def _fell(before: Look, now: Look) -> bool:
    """Somebody cleared the counters, or took a server away."""
    return any(
        name not in now.rows or any(new < old for new, old in zip(now.rows[name], row, strict=True))
        for name, row in before.rows.items()
    )


def summed(rows: list[Row]) -> Row:
    return tuple(map(sum, zip(*rows, strict=True)))
