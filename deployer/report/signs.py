"""What a terminal can show: bars and marks in Unicode, or in plain ASCII"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size


@dataclass(frozen=True, slots=True)
class Signs:
    """`new` serves the run's release, `old` another one; `moving` is worked at, `out` gets nobody."""

    full: str
    empty: str
    new: str
    old: str
    moving: str
    out: str
    failed: str
    cut: str

    def bar(self, part: float, width: int) -> str:
        """`part` from 0 to 1; what is more than nothing is seen, and so is what is missing to all."""
        lit = round(part * width)
        if 0 < part < 1 and width > 1:
            lit = min(max(lit, 1), width - 1)
        return self.full * lit + self.empty * (width - lit)

    def fit(self, text: str, width: int) -> str:
        """Exactly so wide."""
        if cell_len(text) > width:
            text = set_cell_size(text, max(0, width - len(self.cut))) + self.cut[:width]
        return set_cell_size(text, width)

    def name(self, text: str, width: int) -> str:
        """Exactly so wide; of a long name both ends stay, since hosts differ there."""
        if len(text) > width > len(self.cut) + 2:
            tail = (width - len(self.cut)) // 2
            text = text[: width - len(self.cut) - tail] + self.cut + text[-tail:]
        return self.fit(text, width)

    @property
    def legend(self) -> str:
        return f"{self.new} new release  {self.old} old  {self.moving} at work  {self.out} out  {self.failed} failed"


UNICODE = Signs("█", "░", "●", "○", "◐", "·", "✗", "…")
ASCII = Signs("#", "-", "#", "o", "~", ".", "!", "..")


def signs(encoding: str, environment: Mapping[str, str] = os.environ) -> Signs:
    """What the stream's encoding and the locale allow. Python makes C.UTF-8 of a C locale, which says nothing."""
    category = environment.get("LC_CTYPE", "")
    told = environment.get("LC_ALL") or ("" if category == "C.UTF-8" else category) or environment.get("LANG", "")
    return UNICODE if encoding.lower().startswith("utf") and told not in ("", "C", "POSIX") else ASCII
