"""A plan in a file holds only while the world is as it was"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deployer.cli import saved_plan
from deployer.errors import Stale, UsageError
from deployer.model import Picture, Split, Standing
from tests.report.records import PICTURE, PLAN, START, WEB1, WEB2, seen


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "release.plan"
    saved_plan.save(path, "inventories/prod", PLAN, PICTURE, START)
    return path


def test_it_comes_back_as_it_was(file: Path) -> None:
    saved = saved_plan.load(file)
    assert (saved.plan, saved.picture, saved.inventory) == (PLAN, PICTURE, "inventories/prod")


@pytest.mark.parametrize("text", ["", "{}", "[]", "1.1.0", '{"kind": "deployer plan 1"}', "ü"])
def test_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.plan"
    path.write_text(text)
    with pytest.raises(UsageError):
        saved_plan.load(path)


def test_a_changed_picture_is_refused(file: Path) -> None:
    file.write_text(file.read_text().replace('"1.0.0"', '"0.9.0"'))
    with pytest.raises(UsageError, match="changed"):
        saved_plan.load(file)


@pytest.mark.parametrize(
    "now",
    [
        Picture({WEB1: seen(WEB1, "1.0.1"), WEB2: seen(WEB2)}),
        Picture({WEB1: seen(WEB1, standing=Standing.OUT), WEB2: seen(WEB2)}),
        Picture({WEB1: seen(WEB1)}),
        Picture({**PICTURE.hosts, "dc1-web3": seen("dc1-web3")}),
        replace(PICTURE, splits={"edge": Split((("dc1", 10_000),))}),
    ],
)
def test_a_moved_world_is_stale(now: Picture) -> None:
    with pytest.raises(Stale):
        saved_plan.still_true(PICTURE, now, "deployer plan")


def test_what_moved_is_named() -> None:
    now = Picture({WEB1: seen(WEB1, "1.0.1"), WEB2: seen(WEB2)})
    with pytest.raises(Stale, match=r"dc1-web1 is 1.0.1 .*, was 1.0.0"):
        saved_plan.still_true(PICTURE, now, "deployer plan")


def test_health_alone_moves_nothing() -> None:
    flapping = {name: replace(host, healthy=False) for name, host in PICTURE.hosts.items()}
    saved_plan.still_true(PICTURE, Picture(flapping), "deployer plan")


@pytest.mark.parametrize(
    ("typed", "file"), [("1.1.0", False), ("release.plan", True), ("./x", True), ("a/1.1.0", True), ("p.json", True)]
)
def test_versions_and_files_are_told_apart(typed: str, file: bool) -> None:
    assert saved_plan.is_file(typed) is file
