"""A fresh small lab for each file of tests, taken down whatever happens"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import Refused
from deployer.lab import lifecycle
from deployer.lab.layout import Lab

PREFIX = "dlab"
PLACE = Path(tempfile.gettempdir())


def new_folder() -> Path:
    """A short one (Unix sockets), named after this process, so that a later run can tell when it was left behind."""
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=PLACE))


@pytest.fixture(scope="session", autouse=True)
def no_lab_of_dead_tests() -> None:
    """A test process that was killed took nothing down."""
    for folder in PLACE.glob(f"{PREFIX}*-*"):
        owner = re.fullmatch(rf"{PREFIX}(\d+)-.*", folder.name)
        if owner and not Path(f"/proc/{owner[1]}").exists():
            with suppress(Refused, OSError):  # another worker is at it
                lifecycle.down(folder=folder)


@pytest.fixture(scope="module")
def hosts_per_site() -> int:
    """A file of tests that needs more defines its own."""
    return 2


@pytest.fixture(scope="module")
def lab_with() -> dict[str, Any]:
    """What else `lifecycle.up` is told; a file of tests that needs more defines its own."""
    return {}


@pytest.fixture(scope="module")
def lab(hosts_per_site: int, lab_with: dict[str, Any]) -> Iterator[Lab]:
    folder = new_folder()
    try:
        yield lifecycle.up(folder.name, hosts_per_site, folder=folder, **lab_with)
    finally:
        lifecycle.down(folder=folder)
