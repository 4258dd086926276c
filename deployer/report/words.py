"""Hosts, durations and moments as people read them; foreign text made harmless"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime

_NUMBERED = re.compile(r"^(.*?)(\d+)(\D*)$")


def hosts(names: Iterable[str]) -> str:
    """`web[1-4], db1`: neighbours by number are folded, in the order of first appearance."""
    groups: dict[tuple[str, str, int], list[int]] = {}
    for name in dict.fromkeys(names):
        found = _NUMBERED.match(name)
        if not found:
            groups[(name, "", -1)] = []
            continue
        head, number, tail = found.groups()
        width = len(number) if number.startswith("0") else 0
        groups.setdefault((head, tail, width), []).append(int(number))
    return ", ".join(_fold(*key, sorted(numbers)) for key, numbers in groups.items()) or "nobody"


def _fold(head: str, tail: str, width: int, numbers: list[int]) -> str:
    if not numbers:
        return head
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    parts = [f"{a:0{width}d}" if a == b else f"{a:0{width}d}-{b:0{width}d}" for a, b in runs]
    inner = ",".join(parts)
    return f"{head}{inner}{tail}" if len(numbers) == 1 else f"{head}[{inner}]{tail}"


def count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def duration(seconds: float) -> str:
    """`0.4 s`, `12.0 s`, `3 min 05 s`, `2 h 07 min`."""
    seconds = max(0.0, seconds)
    if seconds < 99.95:  # noqa: PLR2004 - what still fits in four characters
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def time_of_day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"


def safe(text: str) -> str:
    """Foreign text for a terminal: control and direction characters are shown, not obeyed; lines stay lines."""
    return "".join(char if char == "\n" or _harmless(char) else _shown(char) for char in text)


def located(where: str, what: str) -> str:
    return f"{where}: {what}" if where else what


def one_line(text: str) -> str:
    return " ".join(safe(text).split())


def _harmless(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs"


def _shown(char: str) -> str:
    return " " if char == "\t" else char.encode("unicode_escape", "backslashreplace").decode("ascii")
