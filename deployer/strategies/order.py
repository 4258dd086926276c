"""Hosts in the order in which people count them"""

from __future__ import annotations

import re


def in_order(name: str) -> list[tuple[int, str]]:
    """web2 before web10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name) if part]
