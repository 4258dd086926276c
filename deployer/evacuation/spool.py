"""What was done while the journal was away: kept on this machine, written down by the first command that reaches it"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path

from deployer import codec
from deployer.errors import UsageError
from deployer.events import Event
from deployer.journal import KINDS, Journal
from deployer.lock import Lock
from deployer.settings.home import state_directory

_PLACE = "spool"


def put(service: str, run: str, epoch: int, events: Sequence[Event]) -> Path:
    """All events of this run, durable on return. Raises OSError."""
    folder = state_directory() / _PLACE
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{service}-{run}.json"
    told = [(type(event).__name__, codec.encode(event)) for event in events]
    descriptor = os.open(path.with_suffix(".new"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"service": service, "run": run, "epoch": epoch, "events": told}, file)
        file.flush()
        os.fsync(file.fileno())
    path.with_suffix(".new").replace(path)
    return path


def merge(service: str, journal: Journal, lock: Lock) -> tuple[str, ...]:
    """The runs of this service that were written into the journal now. Raises what journal and lock raise."""
    found = sorted((state_directory() / _PLACE).glob(f"{service}-*.json"))
    return tuple(run for path in found if (run := _merged(path, service, journal, lock)))


def _merged(path: Path, service: str, journal: Journal, lock: Lock) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not path.exists():
                return ""  # another command was quicker
            told = json.load(file)
            if told["service"] != service:
                return ""  # `shop-eu` begins as `shop` does
            events = [codec.decode(KINDS[kind], body) for kind, body in told["events"]]
            known = len(journal.events(told["run"]))
            lock.adopt(told["epoch"])
            journal.append(told["run"], *events[known:], epoch=None)
            path.unlink()
            return str(told["run"])
    except (OSError, ValueError, KeyError) as wrong:
        raise UsageError(
            f"cannot be read: {wrong}", where=str(path), remedy=f"look at it, and move {path} away"
        ) from None
