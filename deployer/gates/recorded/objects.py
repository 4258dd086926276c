"""JSON objects of a side: {"site": "dc1", "metrics": {"errors": {"kind": "counts", "bad": 12, "total": 10000}}}"""

from __future__ import annotations

from math import isfinite

from deployer.errors import UsageError
from deployer.gates.judge.data import Counts, Histogram, Metric, Samples, Side

KEYS = {"counts": ("bad", "total"), "histogram": ("unit", "le", "count"), "samples": ("values", "step")}


def sides(value: object) -> tuple[Side, ...]:
    """One object, or a list of them with different sites. Raises UsageError with the key path."""
    listed = value if isinstance(value, list) else [value]
    read = tuple(_side(one, f"[{place}]" if isinstance(value, list) else "") for place, one in enumerate(listed))
    names = [side.site for side in read]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"site {twice[0]!r} is there twice", where="site")
    return read


def _side(value: object, where: str) -> Side:
    fields = _object(value, where, {"site", "metrics"})
    site = fields.get("site", "")
    if not isinstance(site, str):
        raise _odd(site, "the name of a site", f"{where}.site")
    metrics = _object(fields.get("metrics"), f"{where}.metrics")
    return Side(site, {name: _metric(one, f"{where}.metrics.{name}") for name, one in metrics.items()})


def _metric(value: object, where: str) -> Metric:
    kind = _object(value, where).get("kind")
    if kind not in KEYS:
        raise _odd(kind, f"one of {', '.join(KEYS)}", f"{where}.kind")
    fields = _object(value, where, {"kind", *KEYS[kind]})
    lacking = [key for key in KEYS[kind] if key not in fields and key != "unit"]
    if lacking:
        raise UsageError(f"lacks {', '.join(lacking)}", where=where.lstrip("."))
    if kind == "counts":
        return Counts(_count(fields["bad"], f"{where}.bad"), _count(fields["total"], f"{where}.total"))
    if kind == "samples":
        points = [_point(one, f"{where}.values") for one in _list(fields["values"], f"{where}.values")]
        return Samples(tuple(points), _number(fields["step"], f"{where}.step"))
    edges = [_number(one, f"{where}.le") for one in _list(fields["le"], f"{where}.le")]
    counts = [_count(one, f"{where}.count") for one in _list(fields["count"], f"{where}.count")]
    return Histogram(str(fields.get("unit", "s")), tuple(edges), tuple(counts))


def _object(value: object, where: str, known: set[str] | None = None) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _odd(value, "an object", where)
    strange = sorted(set(value) - known) if known else ()
    if strange and known:
        raise UsageError(f"unknown key {strange[0]!r}, known are {', '.join(sorted(known))}", where=where.lstrip("."))
    return value


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise _odd(value, "a list", where)
    return value


def _count(value: object, where: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _odd(value, "a whole number", where)
    return value


def _number(value: object, where: str) -> float:
    if isinstance(value, str) and value.lower() in ("inf", "+inf"):
        return float("inf")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _odd(value, "a number", where)
    return number(value)


def _point(value: object, where: str) -> float | None:
    """None, "NaN" and what is endless are missing points."""
    if value is None or (isinstance(value, str) and value.lower().lstrip("+-") in ("nan", "inf", "")):
        return None
    point = _number(value, where)
    return point if isfinite(point) else None


def number(value: float) -> float:
    """As a float; more than a float holds is endless."""
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _odd(value: object, wanted: str, where: str) -> UsageError:
    return UsageError(f"{str(value)[:60]!r} is not {wanted}", where=where.lstrip(".") or "the whole file")
