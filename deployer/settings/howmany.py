"""How many hosts `25%` or `3` means"""

from __future__ import annotations

import re
from typing import Literal

from deployer.errors import UsageError

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)\s*%")


def percent(text: str) -> int | None:
    """Hundredths of a percent in `25%` or `12.5%`; None when it is not written so, or over 100."""
    match = _PERCENT.fullmatch(text.strip())
    if match is None:
        return None
    hundredths = round(float(match[1]) * 100)
    return hundredths if hundredths <= 10_000 else None  # noqa: PLR2004 - the whole


def how_many(setting: str | int, *, of: int, rounding: Literal["up", "down"], at_least: int = 0) -> int:
    """The number of hosts a setting means at a site of `of` hosts, never more than there are.

    A wave rounds down and is at least 1, a floor rounds up. Raises UsageError where it is neither form.
    """
    if isinstance(setting, bool) or (isinstance(setting, int) and setting < 0):
        raise UsageError(f"{setting!r} is not a number of hosts: write 3 or 25%")
    if isinstance(setting, int):
        return min(max(setting, at_least), of)
    if setting.strip().isdigit():
        return how_many(int(setting), of=of, rounding=rounding, at_least=at_least)
    hundredths = percent(setting)
    if hundredths is None:
        raise UsageError(f"{setting!r} is not a number of hosts: write 3 or 25%")
    exact = of * hundredths
    count = -(-exact // 10_000) if rounding == "up" else exact // 10_000
    return min(max(count, at_least), of)


def wave(setting: str | int, hosts: int) -> int:
    """How many hosts go out together at a site of `hosts`: rounded down, at least 1."""
    return how_many(setting, of=hosts, rounding="down", at_least=1)


def floor(setting: str | int, hosts: int) -> int:
    """How many of `hosts` must stay in service: rounded up."""
    return how_many(setting, of=hosts, rounding="up")
