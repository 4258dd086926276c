"""Start the load of a lab, stop it, and read what it saw"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import deployer
from deployer.errors import StepFailed, UsageError
from deployer.lab import marks
from deployer.lab.layout import Lab

LONGEST_STOP = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """A running load; `folder` holds load.log while it runs and result.json afterwards."""

    lab: Lab
    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "load.log"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the load and the sampler saw; `all` is the whole of result.json."""

    requests: int
    failed: int
    failures: Mapping[str, int]
    pages: int
    mixed_pages: int
    flips: Mapping[str, int]
    by_release: Mapping[str, int]
    lowest_in_service: Mapping[str, int]
    out_of_pool_seconds: Mapping[str, float]
    all: Mapping[str, object]


def start(
    lab: Lab,
    *,
    rate: float = 200.0,
    users: int = 60,
    seconds: float = 0.0,
    name: str = "load",
    headers: str = "",
) -> Load:
    """Returns once it runs. `rate` 0 only samples the balancers; `seconds` 0 runs until `stop`."""
    running = Load(lab, lab.folder / name)
    running.folder.mkdir(exist_ok=True)
    for old in ("running", "result.json", "load.pid"):
        (running.folder / old).unlink(missing_ok=True)
    package = str(Path(deployer.__file__).parent.parent)
    words = [sys.executable, "-m", "deployer.lab.load", str(lab.folder), str(running.folder), "--rate", str(rate)]
    words += ["--users", str(users), "--seconds", str(seconds), "--headers", headers]
    with (running.folder / "load.err").open("w") as err:
        process = subprocess.Popen(
            words,
            env={**marks.environment(lab.folder), "PYTHONPATH": package},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=err,
            stderr=err,
            start_new_session=True,
        )
    (running.folder / "load.pid").write_text(str(process.pid))
    deadline = time.monotonic() + LONGEST_STOP
    while not (running.folder / "running").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise StepFailed(f"the load did not start: {_err(running)}", where=str(running.folder))
        time.sleep(0.02)
    return running


def find(lab: Lab, name: str = "load") -> Load:
    """The load that was started under this name, by this process or another."""
    if not (lab.folder / name / "load.pid").exists():
        raise UsageError(f"no load in lab {lab.name}", remedy="deployer lab load")
    return Load(lab, lab.folder / name)


def stop(running: Load) -> Seen:
    """What is under way is finished first. Stopping twice gives the same answer."""
    pid = int((running.folder / "load.pid").read_text())
    for wish in (signal.SIGTERM, signal.SIGKILL):
        if marks.belongs(running.lab.folder, running.lab.number, pid):
            marks.end_pid(pid, wish, LONGEST_STOP)
    return read(running)


def wait(running: Load) -> Seen:
    """Until a load with `seconds` is over."""
    pid = int((running.folder / "load.pid").read_text())
    while marks.belongs(running.lab.folder, running.lab.number, pid):
        time.sleep(0.05)
    return read(running)


def read(running: Load) -> Seen:
    try:
        told = json.loads((running.folder / "result.json").read_text())
    except FileNotFoundError:
        raise StepFailed(f"the load left no result: {_err(running)}", where=str(running.folder)) from None
    return Seen(**{name: told[name] for name in Seen.__slots__ if name != "all"}, all=MappingProxyType(told))


def _err(running: Load) -> str:
    return (running.folder / "load.err").read_text().strip()[-2000:]
