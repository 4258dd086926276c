"""What the tests of the playbooks share"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from deployer import shipped
from tests.playbooks.service import Service


@pytest.fixture(scope="session")
def program() -> ModuleType:
    """The host's program, as a module."""
    spec = importlib.util.spec_from_file_location("host_release", shipped.playbooks() / "files" / "host_release.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path / "host")
    yield made
    made.end()
