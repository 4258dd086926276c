"""The figures as a table for people and as bench.json for programs"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.bench.figure import RATIO, Figure

HEAD = ("row", "work", "against", "measured", "spread", "target", "")


def table(figures: Sequence[Figure]) -> str:
    """Columns as wide as their widest cell; notes below."""
    rows = [HEAD, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    notes = [f"{figure.row}: {note}" for figure in figures for note in figure.notes]
    return "\n".join([*lines, "", *notes] if notes else lines)


def _cells(figure: Figure) -> tuple[str, ...]:
    unit = "" if figure.unit == RATIO else f" {figure.unit}"
    spread = f"{_number(figure.low)} … {_number(figure.high)}{unit}"
    target = "" if figure.target is None else f"≤ {figure.target:g} {figure.unit}"
    measured = f"{_number(figure.value)} {figure.unit}"
    return figure.row, figure.work, figure.against, measured, spread, target, figure.verdict


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def write(figures: Sequence[Figure], path: Path) -> None:
    told = {
        "machine": {
            "cpus": os.cpu_count(),
            "kernel": platform.release(),
            "python": platform.python_version(),
            "load": os.getloadavg()[0],
        },
        "figures": [_told(figure) for figure in figures],
    }
    path.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _told(figure: Figure) -> dict[str, object]:
    unit = "ratio" if figure.unit == RATIO else "seconds"
    return {**asdict(figure), "unit": unit, "met": figure.met, "seconds": dict(figure.seconds)}
