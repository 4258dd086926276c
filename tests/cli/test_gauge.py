"""What users get is measured beside a run, by differences"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Event

from deployer.cli.gauge import Answered, Gauge, grown
from deployer.clock import WallClock
from deployer.errors import Unreachable
from deployer.gates.bake import Counts


def test_a_machine_that_was_reloaded_or_is_new_adds_nothing_of_before() -> None:
    before = {"lb1": Counts(100, 1), "lb2": Counts(50)}
    assert grown({"lb1": Counts(7, 2), "lb2": Counts(60), "lb3": Counts(9_000)}, before) == Counts(17, 2)


def test_failures_are_told_with_the_sum_since_somebody_looks_also_after_silence() -> None:
    told: list[Mapping[str, str]] = []
    enough = Event()
    answers: Iterator[Answered | None] = iter(
        ({"dc1": {"lb1": Counts(100, 5)}}, {"dc1": {"lb1": Counts(150, 5)}}, None, {"dc1": {"lb1": Counts(160, 8)}})
    )

    def ask() -> Answered:
        answer = next(answers, {})
        if answer is None:
            raise Unreachable("no answer")
        return answer

    def tell(said: Mapping[str, str]) -> None:
        told.append(said)
        if len(told) == 2:
            enough.set()

    with Gauge(ask, tell, WallClock(), every=0.01):
        assert enough.wait(60)
    assert told[0]["dc1"].endswith("requests/s, 0 failing, 0 failed")
    assert told[1]["dc1"].endswith("requests/s, 3 failing, 3 failed")
