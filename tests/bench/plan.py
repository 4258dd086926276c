"""How long a plan and its proof take: 1,000 hosts within a second, and four times the hosts in four times the time"""

from __future__ import annotations

from dataclasses import replace
from time import process_time

from deployer.model import Gating, Intent, Picture
from deployer.safety import prove
from deployer.strategies import rolling
from tests.runs import intent, pool


def seconds(hosts: int, wave: int = 5, *, abreast: int = 1, limited: bool = False, gated: bool = False) -> float:
    """Plan and proof for so many hosts over two sites, the best of five: other work on the machine only adds."""
    memory = pool(hosts // 2)
    only = tuple(memory.hosts) if limited else ()
    wanted = intent(memory, wave=wave, floor=hosts // 4, abreast=abreast, only=only)
    wanted = replace(wanted, gating=Gating(60, 60) if gated else None)
    picture = memory.world().eyes.look()
    return min(_once(wanted, picture) for _ in range(5))


def _once(wanted: Intent, picture: Picture) -> float:
    start = process_time()
    prove(rolling.plan(wanted, picture), picture)
    return process_time() - start


def row() -> dict[str, float]:
    """Seconds for 1,000 hosts, and how much longer 4,000 take (target: at most 4.4)."""
    small, large = seconds(1_000), seconds(4_000)
    return {"hosts_1000_seconds": small, "hosts_4000_ratio": large / small}


if __name__ == "__main__":
    print(row())  # noqa: T201
