"""How long users stay on a bad colour, once somebody typed `undo` or `rollback` after a blue-green switch"""

from __future__ import annotations

import time
from dataclasses import replace

from tests.bench import ground
from tests.bench.aborting import Watch
from tests.bench.figure import Figure, seconds
from tests.bench.ground import NEW, OLD
from tests.lab.console import Console, console

WAYS = {"undo": ("undo",), "rollback": ("rollback", OLD)}


def measure(rounds: int | None) -> tuple[Figure, ...]:
    """From the start of the command to the last answer of the bad colour to anybody, at any balancer."""
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    refused = 0
    with ground.lab(2) as lab, console(lab) as operator:
        operator.set(rolling={"wave": 1, "min_in_service": 1}, bluegreen={"bake": "0s", "keep_warm": "0s"})
        for _ in range(rounds or 3):
            for way, words in WAYS.items():
                _must(operator, "deploy", NEW, "--strategy", "bluegreen")
                watch = Watch(lab)
                watch.start()
                try:
                    watch.until_seen()
                    began = time.monotonic()
                    _must(operator, *words)
                finally:
                    watch.stop()
                found[way].append(watch.last - began)
                refused += watch.failed
    note = f"everybody was on it, two sites, four balancers asked all the time; requests failed: {refused}"
    return tuple(
        replace(seconds("switch", f"{way}: to the last request on the bad colour", "", times, None), notes=(note,))
        for way, times in found.items()
    )


def _must(operator: Console, *words: str) -> None:
    told = operator.run(*words)
    if told.code:
        raise SystemExit(f"bench: {told}")
