"""A crash sweep in memory: a whole fleet rolled, killed at points spread over all journal writes, and resumed"""

from __future__ import annotations

from time import perf_counter

from deployer.events import End
from tests.memory import Crash
from tests.runs import Case, all_serve, case, intent, pool


def sweep(hosts: int = 1_000, points: int = 100, wave: int = 25) -> float:
    """Seconds for all of it; every resumed run must end done, with no rule broken (AssertionError otherwise)."""
    start = perf_counter()
    whole = _fleet(hosts, wave)
    assert whole.run().end is End.DONE
    writes = whole.journal.writes
    for point in range(points):
        it = _fleet(hosts, wave)
        it.journal.crash = (1 + point * (writes - 1) // points, "after" if point % 2 else "before")
        assert _to_the_end(it) is End.DONE
        assert all_serve(it.memory, "1.1")
        assert it.broken() == []
    return perf_counter() - start


def _fleet(hosts: int, wave: int) -> Case:
    memory = pool(hosts // 2)
    return case(memory, intent(memory, wave=wave, floor=hosts // 4))


def _to_the_end(it: Case) -> End:
    try:
        return it.run().end
    except Crash:
        return it.resume().end if it.journal.records else it.to_the_end().end


if __name__ == "__main__":
    print(f"{sweep():.1f} s")  # noqa: T201
