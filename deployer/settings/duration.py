"""Durations as people write them: 30s, 5m, 500ms"""

from __future__ import annotations

import re

EXPECTED = "a duration such as 30s, 5m or 500ms"
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float | None:
    """None: not a duration."""
    match = _DURATION.fullmatch(text.strip())
    return float(match[1]) * _UNITS[match[2]] if match else None
