"""Everything a dashboard keeps goes to a folder of the test"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.ground import Dashboard, dashboard, inventory


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYER_STATE", str(tmp_path / "state"))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return inventory(tmp_path)


@pytest.fixture
def board(place: Path) -> Iterator[Dashboard]:
    with dashboard(place) as one:
        yield one
