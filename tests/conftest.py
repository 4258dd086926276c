"""In CI properties are tried with the same examples each time; what deployer keeps on a machine is kept apart"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import settings

from deployer.cli.signals import STOPPING

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture(autouse=True)
def heard_as_before() -> Iterator[None]:
    """A run that was told to stop ends deaf: the next test is not."""
    before = {number: signal.getsignal(number) for number in STOPPING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


if "DEPLOYER_STATE" not in os.environ:  # a worker of xdist has its parent's
    os.environ["DEPLOYER_STATE"] = tempfile.mkdtemp(prefix="deployer-state-")
    atexit.register(shutil.rmtree, os.environ["DEPLOYER_STATE"], ignore_errors=True)
