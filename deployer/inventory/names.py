"""The nearest known name, and names in the order people count"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


def close_to(name: str, known: Iterable[str]) -> str:
    """`; did you mean x?` and the known names, at most a dozen."""
    names = sorted(set(known), key=counted)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""  # noqa: PLR2004 - a line
    return (f"; did you mean {close[0]}?" if close else "") + f" (known: {', '.join(names[:12]) or 'none'}{more})"


def counted(name: str) -> tuple[tuple[str, int], ...]:
    """web2 before web10."""
    return tuple((text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", name))
