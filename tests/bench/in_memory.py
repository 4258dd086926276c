"""The core by itself, in the world in memory: plan and proof, engine and journal, the crash sweep"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from deployer.brake import Brake
from deployer.engine import Engine
from deployer.events import End
from deployer.journal import Journal
from deployer.lock import Lock
from deployer.store import open_store
from tests.bench import plan as planning
from tests.bench import sweep as sweeping
from tests.bench.figure import Figure, ratio, seconds
from tests.bench.rounds import interleaved, timed
from tests.bench.still import still
from tests.runs import case, intent, pool

SMALL, LARGE = "1,000 hosts", "4,000 hosts"
GATED, GATED_LARGE = (f"{one}, one by one, with a gate" for one in (SMALL, LARGE))
STEP, FSYNC = "engine + journal, a step", "fsync of 4 KiB appended"
HOSTS, SYNCS = 100, 400
SITES = tuple(f"dc{n}" for n in range(1, 6))
PAGE = b"x" * 4096


def plan(rounds: int | None) -> tuple[Figure, ...]:
    """Plan and proof over two sites; one by one, a gate compares hosts after each."""
    contenders = {
        SMALL: lambda: planning.seconds(1_000),
        LARGE: lambda: planning.seconds(4_000),
        GATED: lambda: planning.seconds(1_000, 1, gated=True),
        GATED_LARGE: lambda: planning.seconds(4_000, 1, gated=True),
    }
    times = interleaved(contenders, rounds or 3)
    return (
        seconds("plan", f"plan and proof, {SMALL}, 2 sites", "", times[SMALL], 1.0),
        ratio("plan", LARGE, SMALL, times, 4.4),
        seconds("plan", f"the same, {GATED}", "", times[GATED], 1.0),
        ratio("plan", GATED_LARGE, GATED, times, 4.4),
    )


def sweep(rounds: int | None) -> tuple[Figure, ...]:
    """A fleet rolled, killed at a hundred points and resumed each time."""
    times = tuple(sweeping.sweep() for _ in range(rounds or 1))
    return (seconds("sweep", "1,000 hosts, 100 crash points", "", times, 30.0),)


def journal(rounds: int | None) -> tuple[Figure, ...]:
    """A run over a hundred hosts one by one, each step durable in SQLite, against a bare fsync on the same disk."""
    folder = Path(tempfile.mkdtemp(prefix="dbench", dir=Path.cwd()))
    try:
        contenders = {STEP: lambda: _run(folder), FSYNC: lambda: _fsync(folder)}
        return (ratio("journal", STEP, FSYNC, interleaved(contenders, rounds or 5, warm_up=1), 2.0),)
    finally:
        shutil.rmtree(folder)


def _run(folder: Path) -> float:
    """Seconds per step."""
    memory = pool(HOSTS // len(SITES), SITES)
    it = case(memory, intent(memory))
    store = open_store(f"sqlite:///{folder / 'state.db'}")
    try:
        lock = Lock(store, "shop", time.time)
        lease = lock.take("bench", "ann@desk")
        run = f"r{lease.epoch}"
        engine = Engine(
            still(memory.world()),
            Journal(store, "shop", time.time),
            Brake(),
            "ann@desk",
            lease.epoch,
            lambda _record: None,
            lambda _step, _line: None,
        )
        ended: list[End] = []
        took = timed(lambda: ended.append(engine.run(run, it.plan, it.picture).end))
        lock.release(lease)
    finally:
        store.close()
    if ended != [End.DONE]:
        raise SystemExit(f"bench: the run in memory ended {ended}")
    return took / len(it.plan.steps)


def _fsync(folder: Path) -> float:
    """Seconds per append made durable."""
    with (folder / "appended").open("wb", buffering=0) as file:
        began = time.perf_counter()
        for _ in range(SYNCS):
            os.write(file.fileno(), PAGE)
            os.fsync(file.fileno())
        return (time.perf_counter() - began) / SYNCS
