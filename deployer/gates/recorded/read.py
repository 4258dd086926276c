"""A file of one side, whichever of the three formats it is in"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import UsageError
from deployer.gates.judge.data import Fault, Side
from deployer.gates.recorded import objects, ranges, table


@dataclass(frozen=True, slots=True)
class Recorded:
    """One side over its sites, and what its source complained about."""

    sides: tuple[Side, ...]
    faults: tuple[Fault, ...] = ()


def read(path: Path) -> Recorded:
    """Raises UsageError that names the file and the place in it."""
    text = text_of(path)
    try:
        if not text.lstrip().startswith(("{", "[")):
            return Recorded(table.sides(text))
        value = json_of(text)
        if ranges.is_reply(value):
            return Recorded(*ranges.sides(value))
        return Recorded(objects.sides(value))
    except UsageError as odd:
        raise UsageError(odd.what, where=f"{path}{f', {odd.where}' if odd.where else ''}", remedy=FORMATS) from None


FORMATS = "docs/gate.md shows the three formats with examples"


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as wrong:
        raise UsageError(f"cannot be read: {wrong}", where=str(path), remedy=FORMATS) from None


def json_of(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise UsageError(f"is not JSON: {wrong}") from None
