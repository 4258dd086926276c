"""A release is baked for its time, and failed on what the balancers see"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from deployer.errors import StepFailed
from deployer.gates.bake import Bake, Counts
from deployer.gates.desk import Desk, Person
from deployer.model import Verdict
from deployer.steps import Ask
from deployer.world import Order

ASK = Ask("bake", ("dc1",), "1.1.0 at 5 %", "1.1.0", bake=10)


@dataclass
class Sky:
    """Virtual time, and balancers that count as a function of it."""

    counting: Callable[[float], Mapping[tuple[str, str], Counts]]
    time: float = 0.0
    told: list[str] = field(default_factory=list)
    changed: dict[Sequence[str], str] = field(default_factory=dict)

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def counts(self, sites: Sequence[str]) -> Mapping[tuple[str, str], Counts]:
        assert sites == ("dc1",)
        return self.counting(self.time)

    def mend(self, sites: Sequence[str], order: Order) -> Sequence[str]:
        return ("lb1: changed by somebody else, set again",) if self.changed.pop(sites, None) else ()

    def order(self, *, stopping: bool = False) -> Order:
        return Order("run", 1, "0-1", self.told.append, lambda: stopping)


def both(bad: int, good: int = 0) -> Callable[[float], Mapping[tuple[str, str], Counts]]:
    """100 requests a second on each release; so many of each hundred fail."""
    return lambda t: {
        ("lb1", "1.1.0"): Counts(int(100 * t), int(bad * t)),
        ("lb1", "1.0.0"): Counts(int(100 * t), int(good * t)),
    }


def test_a_good_release_passes_when_its_time_is_over() -> None:
    sky = Sky(both(bad=0))
    outcome = Bake(sky, sky).ask(ASK, sky.order())
    assert outcome.verdict is Verdict.PASS
    assert sky.time == pytest.approx(10)
    assert any("s to go" in line for line in sky.told)


def test_a_bad_release_fails_long_before() -> None:
    sky = Sky(both(bad=5))
    outcome = Bake(sky, sky).ask(ASK, sky.order())
    assert outcome.verdict is Verdict.FAIL
    assert sky.time < 3
    assert "5 of 100 requests failed" in outcome.note


def test_what_fails_everywhere_is_not_the_release() -> None:
    sky = Sky(both(bad=5, good=5))
    assert Bake(sky, sky).ask(ASK, sky.order()).verdict is Verdict.PASS


def test_a_balancer_that_was_reloaded_counts_from_nought_again() -> None:
    assert Counts(10, 1).since(Counts(1000, 0)) == Counts(10, 1)
    assert Counts(1010, 3).since(Counts(1000, 2)) == Counts(10, 1)


def test_a_balancer_that_falls_silent_leaves_it_open() -> None:
    sky = Sky(lambda t: {("lb1", "1.1.0"): Counts(10), **({("lb2", "1.1.0"): Counts(10)} if t < 5 else {})})
    outcome = Bake(sky, sky).ask(ASK, sky.order())
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert "lb2" in outcome.note


def test_it_stops_when_asked() -> None:
    sky = Sky(both(bad=0))
    with pytest.raises(StepFailed, match="stopped"):
        Bake(sky, sky).ask(ASK, sky.order(stopping=True))


def test_a_split_that_somebody_changed_is_set_again_and_told() -> None:
    sky = Sky(both(bad=0), changed={("dc1",): "by hand"})
    outcome = Bake(sky, sky).ask(ASK, sky.order())
    assert outcome.verdict is Verdict.PASS
    assert outcome.note.endswith("lb1: changed by somebody else, set again")


def test_an_unknown_gate_lists_the_known_ones() -> None:
    sky = Sky(both(bad=0))
    with pytest.raises(StepFailed, match="known: bake, person"):
        Desk({"bake": Bake(sky, sky), "person": Person()}).ask(Ask("smoke", ("dc1",)), sky.order())


def test_a_person_is_waited_for() -> None:
    sky = Sky(both(bad=0))
    outcome = Desk({"person": Person()}).ask(Ask("person", ("dc1",), "dark canary"), sky.order())
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert "deployer promote run" in outcome.note
