"""CSV of a side: `time,metric,value`, and `site` where there are several"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isfinite

from deployer.errors import UsageError
from deployer.gates.judge.data import Side
from deployer.gates.recorded import series

COLUMNS = ("time", "metric", "value")


def sides(text: str) -> tuple[Side, ...]:
    """Raises UsageError with the line."""
    sites: dict[str, dict[str, list[tuple[float, float | None]]]] = {}
    for site, metric, at, value in _rows(text):
        sites.setdefault(site, {}).setdefault(metric, []).append((at, value))
    return tuple(Side(site, series.metrics(points)) for site, points in sites.items())


def _rows(text: str) -> Iterator[tuple[str, str, float, float | None]]:
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    names = reader.fieldnames or ()
    if not set(COLUMNS) <= set(names) or not set(names) <= {*COLUMNS, "site"}:
        raise UsageError(f"the first line is {','.join(names)[:80]!r}, not time,metric,value[,site]", where="line 1")
    try:
        for row in reader:
            where = f"line {reader.line_num}"
            if None in row or None in row.values() or not row["metric"]:
                raise UsageError(f"not {len(names)} columns", where=where)
            yield row.get("site", ""), row["metric"], _time(row["time"], where), _value(row["value"], where)
    except csv.Error as wrong:
        raise UsageError(f"is not CSV: {wrong}", where=f"line {reader.line_num}") from None


def _time(text: str, where: str) -> float:
    """Seconds since 1970, or ISO 8601 (UTC where it does not say)."""
    try:
        at = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise UsageError(f"{text[:40]!r} is not a time: seconds since 1970, or ISO 8601", where=where) from None
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not isfinite(at):
        raise UsageError(f"{text[:40]!r} is not a time", where=where)
    return at


def _value(text: str, where: str) -> float | None:
    if text.strip().lower() in ("", "null"):
        return None
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"{text[:40]!r} is not a number", where=where) from None
    return value if isfinite(value) else None
