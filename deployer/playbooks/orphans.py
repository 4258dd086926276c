"""Playbooks that outlived the orchestrator which started them"""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from deployer.playbooks import processes
from deployer.playbooks.environment import MARK

_GRACE = 15.0


def enter(record: Path, deadline: float) -> None:
    """Written by the playbook's own process before it does anything."""
    record.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    told = {"pid": os.getpid(), "start": processes.start(os.getpid()), "boot": processes.boot(), "deadline": deadline}
    new = record.with_suffix(".new")
    new.write_text(json.dumps(told) + "\n")
    new.replace(record)


def settle(folder: Path) -> None:
    """Wait until nothing of the playbooks recorded in this folder runs; one that exceeds its deadline is stopped."""
    for record in sorted(folder.glob("*.json")):
        _settle(record)
        record.unlink(missing_ok=True)


def _settle(record: Path) -> None:
    try:
        told = json.loads(record.read_text())
    except (OSError, ValueError):
        told = {}
    if told and told["boot"] != processes.boot():
        return
    end = time.monotonic() + told.get("deadline", 0.0) + _GRACE
    while alive := _alive(record, told):
        if time.monotonic() > end:
            stop(alive)
        time.sleep(0.05)


def _alive(record: Path, told: dict[str, object]) -> tuple[int, ...]:
    """The process that keeps the record, and Ansible's own, also when the first was killed."""
    keeper = int(str(told.get("pid", 0)))
    keeps = bool(keeper) and processes.start(keeper) == told["start"]
    return (*((keeper,) if keeps else ()), *processes.marked(MARK, str(record)))


def stop(pids: tuple[int, ...]) -> None:
    """End with SIGTERM, then SIGKILL what is left."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        end = time.monotonic() + 3
        while any(processes.start(pid) for pid in pids) and time.monotonic() < end:
            time.sleep(0.02)
