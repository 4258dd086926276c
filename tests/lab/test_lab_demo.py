"""The demonstration counts and leaves demo.json, whatever happened"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

import pytest

from deployer.lab import demo, lifecycle
from deployer.lab.layout import Lab
from tests.lab.conftest import new_folder

pytestmark = pytest.mark.lab
PROMISED = {"requests", "failed", "mixed_pages", "lowest_in_service", "out_of_pool_seconds", "seconds"}


def test_the_sum_is_written_and_told_and_the_lab_stays_up() -> None:
    folder = new_folder()
    story: list[str] = []

    def command(lab: Lab) -> Sequence[str]:
        return [sys.executable, "-c", f"import sys; sys.exit({lab.hosts_per_site})"]

    try:
        seen = demo.run("show", hosts_per_site=1, rate=60, folder=folder, acts={"deploy": command}, say=story.append)
        assert json.loads((folder / "demo.json").read_text()) == asdict(seen)
        assert asdict(seen).keys() >= PROMISED
        assert (seen.deployment, seen.failed, seen.mixed_pages, seen.well) == (1, 0, 0, False)
        assert seen.lowest_in_service == {"dc1": 1, "dc2": 1}
        assert seen.requests > 30
        assert "exit code 1" in story[-1]
        assert lifecycle.status(folder=folder).well
    finally:
        lifecycle.down(folder=folder)
