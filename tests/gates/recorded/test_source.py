"""Files that somebody writes beside a run: read anew at each look, and only what is of the window"""

from __future__ import annotations

import json
import os
from pathlib import Path

from deployer.gates.judge.data import Counts, Data
from deployer.gates.recorded.source import Files
from deployer.gates.source import Group, Question

SITES = ("dc1", "dc2")


def write(path: Path, at: float, *sites: str, bad: int = 1, name: str = "error_rate") -> None:
    metrics = {name: {"kind": "counts", "bad": bad, "total": 100}, "other": {"kind": "counts", "bad": 0, "total": 1}}
    path.write_text(json.dumps([{"site": site, "metrics": metrics} for site in sites]))
    os.utime(path, (at, at))


def question(*sites: str) -> Question:
    group = Group("1.0.0", dict.fromkeys(sites, ("web1",)))
    return Question(group, group, sites, ("error_rate",), 1000.0)


def whats(data: Data) -> str:
    return "\n".join(fault.what for fault in data.faults)


def test_they_are_read_at_each_look(tmp_path: Path) -> None:
    files = {group: tmp_path / f"{group}.json" for group in ("canary", "baseline")}
    watch = Files(files).open(question(*SITES))
    assert "canary.json: No such file" in whats(watch.read(0))
    for path in files.values():
        write(path, 1001.0, *SITES)
    data = watch.read(0)
    assert not data.faults
    assert [(side.site, side.metrics) for side in data.canary] == [
        (site, {"error_rate": Counts(1, 100)}) for site in SITES
    ]
    write(files["canary"], 1002.0, *SITES, bad=7)
    assert watch.read(0).canary[0].metrics["error_rate"] == Counts(7, 100)
    assert Files(files).knows == ("error_rate", "other")
    assert "have error_rate of dc1, dc2" in [found.found for found in Files(files).examine(question(*SITES))]


def test_what_is_missing_or_old_is_said(tmp_path: Path) -> None:
    files = {group: tmp_path / f"{group}.json" for group in ("canary", "baseline")}
    write(files["canary"], 1001.0, "dc1")
    write(files["baseline"], 990.0, *SITES)
    data = Files(files).open(question(*SITES)).read(0)
    assert "canary.json has no site dc2" in whats(data)
    assert "baseline.json was written 10 s before the window began" in whats(data)
    write(files["baseline"], 1001.0, *SITES, name="errors")
    data = Files(files).open(question(*SITES)).read(0)
    assert {(fault.site, fault.metric) for fault in data.faults} == {
        ("dc2", ""),
        ("dc1", "error_rate"),
        ("dc2", "error_rate"),
    }
    files["canary"].write_text("{")
    assert "is not JSON" in whats(Files(files).open(question(*SITES)).read(0))


def test_a_file_without_sites_is_of_the_only_one(tmp_path: Path) -> None:
    files = {group: tmp_path / f"{group}.json" for group in ("canary", "baseline")}
    for path in files.values():
        write(path, 1001.0, "")
    assert not Files(files).open(question("dc1")).read(0).faults
    assert "has no site dc1" in whats(Files(files).open(question(*SITES)).read(0))
