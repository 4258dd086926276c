"""Before a run: how long each question must be asked, from the live rate, and which cannot be decided"""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.gates.foretell import Bakes, bakes, measure
from deployer.gates.judge.ready import default
from deployer.gates.source import Question
from deployer.model import WHOLE, Gating, Ladder, Split
from deployer.plan import Plan
from deployer.steps import Ask
from deployer.strategies import canary, rolling
from tests.gates.stream import Stream, StreamWatch
from tests.runs import intent, pool

CONFIG = default(("error_rate", "latency_p50"))


def foretold(stream: Stream, *, longest: float = 1800, strategy: str = "canary", hosts: int = 4) -> tuple[Plan, Bakes]:
    memory = pool(hosts, ("dc1", "dc2"), "a")
    memory.splits.update({site: Split((("1.0", WHOLE),)) for site in ("dc1", "dc2")})
    ladder = Ladder((500, 5000, WHOLE), 60, baseline=True)
    wanted = replace(intent(memory, floor=3), strategy=strategy, ladder=ladder, gating=Gating(60))
    picture = memory.world().eyes.look()
    plan = (canary if strategy == "canary" else rolling).plan(wanted, picture)
    return plan, bakes(plan, CONFIG, longest, measure(plan, picture, CONFIG, stream, stream))


def test_it_says_per_step_how_many_requests_come_and_how_long_it_takes() -> None:
    plan, told = foretold(Stream(rate=100.0))
    asked = [
        number for number, _, _, step in plan.walk() if isinstance(step, Ask) and any(one.old for one in step.versus)
    ]
    assert list(told.lines) == asked
    first, second = told.lines.values()
    assert first[0] == "about 2,400 requests a minute on the new release", "5 % of 8 hosts with 100/s each"
    assert second[0] == "about 24,000 requests a minute on the new release"
    assert "a rise as large as allowed is seen after" in first[1]
    assert "a release without it passes after" in first[2]
    assert not told.warnings


def test_a_bake_that_is_too_short_is_said_to_be() -> None:
    _, told = foretold(Stream(rate=5.0))
    assert "longer than the bake of 60 s" in next(iter(told.lines.values()))[-1]


def test_a_step_that_cannot_be_decided_is_warned_of_with_what_to_do() -> None:
    _, told = foretold(Stream(rate=1.0), longest=600)
    assert "cannot be decided by" in told.warnings[0]
    assert "within gate.max_bake (10 min)" in told.warnings[0]
    assert "a larger share, a longer max_bake" in told.warnings[0]


def test_without_requests_nothing_can_be_decided() -> None:
    _, told = foretold(Stream(rate=0.0))
    assert all("cannot be decided as it is now: error_rate: " in one for one in told.warnings)
    assert len(told.warnings) == 2


def test_twice_the_requests_take_half_the_time() -> None:
    once, twice = (foretold(Stream(rate=rate))[1].warnings for rate in (1.0, 2.0))
    assert once
    assert twice != once


def test_a_rolling_release_is_foretold_by_its_hosts() -> None:
    plan, told = foretold(Stream(rate=10.0), strategy="rolling")
    assert next(iter(told.lines.values()))[0] == "about 600 requests a minute on the new release", "1 of 4 hosts"
    assert len(plan.steps) > 1


@pytest.mark.parametrize("strategy", ["canary", "rolling"])
def test_what_is_listened_to_is_let_go(strategy: str) -> None:
    stream = Stream()
    foretold(stream, strategy=strategy)
    assert stream.opened == stream.closed == 1


class Young(Stream):
    """It knows nothing of what was more than half a minute ago, as a Prometheus that was just started."""

    def open(self, question: Question) -> StreamWatch:
        old = question.start < self.time - 30
        self.opened += 1
        return StreamWatch(self, replace(question, metrics=() if old else question.metrics), question.start)


def test_a_source_that_is_young_is_asked_for_less_of_the_past() -> None:
    _, told = foretold(Young(rate=100.0))
    assert next(iter(told.lines.values()))[0] == "about 2,400 requests a minute on the new release"
    assert not told.warnings
