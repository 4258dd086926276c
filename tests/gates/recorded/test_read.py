"""Each format that is documented is read, and what is not one of them is named with its place"""

from __future__ import annotations

import json
from math import inf
from pathlib import Path

import pytest

from deployer.errors import UsageError
from deployer.gates.judge.data import Counts, Fault, Histogram, Samples, Side
from deployer.gates.recorded.read import read

OBJECT = {
    "site": "dc1",
    "metrics": {
        "error_rate": {"kind": "counts", "bad": 12, "total": 10000},
        "latency": {"kind": "histogram", "unit": "s", "le": [0.05, "inf"], "count": [9000, 10]},
        "cpu": {"kind": "samples", "values": [0.41, None, "NaN"], "step": 15},
    },
}
SIDE = Side(
    "dc1",
    {
        "error_rate": Counts(12, 10000),
        "latency": Histogram("s", (0.05, inf), (9000, 10)),
        "cpu": Samples((0.41, None, None), 15.0),
    },
)


def _file(folder: Path, content: object) -> Path:
    path = folder / "side"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_json_objects_one_or_several(tmp_path: Path) -> None:
    assert read(_file(tmp_path, OBJECT)).sides == (SIDE,)
    both = read(_file(tmp_path, [OBJECT, {"site": "dc2", "metrics": {}}])).sides
    assert both == (SIDE, Side("dc2", {}))


def test_csv_with_holes_and_counts(tmp_path: Path) -> None:
    text = (
        "time,metric,value\n30,cpu,0.3\n0,cpu,0.1\n90,cpu,NaN\n1970-01-01T00:00:15,cpu,0.2\n"
        "0,error_rate:bad,1\n60,error_rate:bad,2\n0,error_rate:total,100\n60,error_rate:total,200\n"
    )
    (side,) = read(_file(tmp_path, text)).sides
    assert side.metrics == {"cpu": Samples((0.1, 0.2, 0.3, None, None, None, None), 15.0), "error_rate": Counts(3, 300)}


def test_csv_of_several_sites(tmp_path: Path) -> None:
    sides = read(_file(tmp_path, "site,time,metric,value\ndc1,0,cpu,1\ndc2,0,cpu,2\n")).sides
    assert sides == (Side("dc1", {"cpu": Samples((1.0,), 0.0)}), Side("dc2", {"cpu": Samples((2.0,), 0.0)}))


def _reply(*series: tuple[dict[str, str], list[list[object]]], **more: object) -> dict[str, object]:
    result = [{"metric": labels, "values": values} for labels, values in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}, **more}


def test_range_replies_of_gauges_counters_and_buckets(tmp_path: Path) -> None:
    replies = [
        _reply(({"__name__": "cpu", "site": "dc1"}, [[0, "0.5"], [15, "NaN"], [30, "0.7"]])),
        _reply(
            ({"metric": "error_rate:bad", "site": "dc1"}, [[0, "7"], [15, "9"], [30, "1"]]),
            ({"metric": "error_rate:total", "site": "dc1"}, [[0, "100"], [15, "200"], [30, "50"]]),
            ({"__name__": "latency_bucket", "le": "0.1", "site": "dc1"}, [[0, "10"], [30, "40"]]),
            ({"__name__": "latency_bucket", "le": "+Inf", "site": "dc1"}, [[0, "10"], [30, "45"]]),
        ),
    ]
    read_back = read(_file(tmp_path, replies))
    (side,) = read_back.sides
    assert side.metrics == {
        "cpu": Samples((0.5, None, 0.7), 15.0),
        "error_rate": Counts(3, 150),
        "latency": Histogram("s", (0.1, inf), (30, 5)),
    }
    assert read_back.faults == ()


def test_warnings_and_errors_of_prometheus_are_faults(tmp_path: Path) -> None:
    warned = read(_file(tmp_path, _reply(({"__name__": "cpu"}, [[0, "1"]]), warnings=["store gone"])))
    assert warned.faults == (Fault("Prometheus warned: store gone"),)
    failed = read(_file(tmp_path, {"status": "error", "errorType": "timeout", "error": "query timed out"}))
    assert failed.faults == (Fault("Prometheus warned: query timed out"),)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("", "not time,metric,value"),
        ("time,metric\n1,cpu\n", "not time,metric,value"),
        ("time,metric,value\nnoon,cpu,1\n", "line 2: 'noon' is not a time"),
        ("time,metric,value\n1,cpu,much\n", "line 2: 'much' is not a number"),
        ("time,metric,value\n1,cpu\n", "line 2: not 3 columns"),
        ("time,metric,value\n1,cpu,1\n1,cpu,2\n", "metric cpu: two values at one moment"),
        ("time,metric,value\n1,e:bad,1\n", "metric e: there is no e:total"),
        ("time,metric,value\n1,e:bad,-1\n1,e:total,5\n", "metric e: a count that is missing, negative or broken"),
        ("time,metric,value\n0,cpu,1\n1,cpu,1\n2,cpu,1\n1e9,cpu,1\n", "a hole of more than a million points"),
        ([3], "[0]: '3' is not an object"),
        ({"site": "dc1"}, "metrics: 'None' is not an object"),
        ({"site": 1, "metrics": {}}, "site: '1' is not the name of a site"),
        ({"metrics": {"cpu": {"kind": "gauge"}}}, "metrics.cpu.kind: 'gauge' is not one of counts, histogram, samples"),
        ({"metrics": {"e": {"kind": "counts", "bad": 1}}}, "metrics.e: lacks total"),
        ({"metrics": {"e": {"kind": "counts", "bad": 1.5, "total": 3}}}, "metrics.e.bad: '1.5' is not a whole number"),
        ({"metrics": {"e": {"kind": "counts", "bad": 1, "total": 3, "x": 1}}}, "unknown key 'x'"),
        ({"metrics": {"c": {"kind": "samples", "values": "x", "step": 1}}}, "metrics.c.values: 'x' is not a list"),
        ([OBJECT, OBJECT], "site 'dc1' is there twice"),
        (_reply(({"__name__": "cpu", "host": "a"}, []), ({"__name__": "cpu", "host": "b"}, [])), "aggregate them"),
        (_reply(({"host": "a"}, [])), "a series without a name"),
        ({"status": "success", "data": {"resultType": "vector", "result": []}}, "is not a range"),
        (_reply(({"__name__": "cpu"}, [["x"]])), "data.result[0]: is not a series"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(content: object, said: str, tmp_path: Path) -> None:
    path = _file(tmp_path, content)
    with pytest.raises(UsageError) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)
    assert "docs/gate.md" in caught.value.remedy
