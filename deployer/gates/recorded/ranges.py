"""Range replies of a Prometheus API (`/api/v1/query_range`): one, or a list of them"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import isfinite

from deployer.errors import UsageError
from deployer.gates.judge.data import Fault, Histogram, Metric, Side
from deployer.gates.recorded import series

Points = list[tuple[float, float | None]]
Series = tuple[dict[str, str], Points]
SITES = ("site", "dc", "datacenter")
"""Labels that may name the site."""


def is_reply(value: object) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and "status" in first


def sides(value: object) -> tuple[tuple[Side, ...], tuple[Fault, ...]]:
    """Warnings and errors are faults: data that may not be whole never pass. Raises UsageError where it is no reply."""
    replies = value if isinstance(value, list) else [value]
    faults: list[Fault] = []
    sites: dict[str, dict[str, list[Series]]] = {}
    for reply in replies:
        faults += [Fault(f"Prometheus warned: {said}") for said in _said(reply)]
        for labels, points in _result(reply):
            site = next((labels[name] for name in SITES if name in labels), "")
            sites.setdefault(site, {}).setdefault(_name(labels), []).append((labels, points))
    return tuple(Side(site, _metrics(found)) for site, found in sites.items()), tuple(faults)


def _said(reply: object) -> Iterator[str]:
    if not isinstance(reply, dict) or "status" not in reply:
        raise UsageError("is not a reply of Prometheus", where="status")
    if reply["status"] != "success":
        yield str(reply.get("error", reply["status"]))
    yield from (str(one) for one in reply.get("warnings") or ())


def _result(reply: object) -> Iterator[Series]:
    data = reply.get("data") if isinstance(reply, dict) else None
    if data is None:
        return
    if not isinstance(data, dict) or data.get("resultType") != "matrix":
        raise UsageError("is not a range: ask /api/v1/query_range", where="data.resultType")
    for place, one in enumerate(data.get("result") or ()):
        try:
            labels = {str(key): str(label) for key, label in one["metric"].items()}
            yield labels, [(float(at), _finite(told)) for at, told in one["values"]]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise UsageError("is not a series with metric and values", where=f"data.result[{place}]") from None


def _finite(told: str) -> float | None:
    value = float(told)
    return value if isfinite(value) else None


def _name(labels: dict[str, str]) -> str:
    """The label `metric`, else the series' own name (without _bucket)."""
    name = labels.get("metric") or labels.get("__name__", "")
    if not name:
        raise UsageError('a series without a name: give it a label "metric", by label_replace', where="data.result")
    return name.removesuffix("_bucket") if "le" in labels else name


def _metrics(found: dict[str, list[Series]]) -> dict[str, Metric]:
    plain: dict[str, Points] = {}
    made: dict[str, Metric] = {}
    for name, rows in found.items():
        if all("le" in labels for labels, _ in rows):
            made[name] = _histogram(name, rows)
        elif len(rows) > 1:
            raise UsageError(f"{len(rows)} series: aggregate them in the query", where=f"metric {name}")
        else:
            counted = name.endswith((series.BAD, series.TOTAL))
            plain[name] = [(rows[0][1][-1][0], _increase(rows[0][1]))] if counted else rows[0][1]
    return made | series.metrics(plain)


def _histogram(name: str, rows: list[Series]) -> Histogram:
    """Cumulative buckets that count up into requests per bucket within the range."""
    grown: dict[float, float] = {}
    for labels, points in rows:
        edge = float(labels["le"])
        grown[edge] = grown.get(edge, 0.0) + _increase(points)
    edges = sorted(grown)
    counts = [grown[edges[0]], *(grown[above] - grown[below] for below, above in pairwise(edges))]
    if any(count < 0 for count in counts):
        raise UsageError("buckets that do not grow with le", where=f"metric {name}")
    return Histogram("s", tuple(edges), tuple(round(count) for count in counts))


def _increase(points: Points) -> float:
    """How much a counter grew; one that fell began anew."""
    values = [value for _, value in points if value is not None]
    return float(sum(after - before if after >= before else after for before, after in pairwise(values)))
