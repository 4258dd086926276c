"""Where checks stand in a plan, and what the failure of each takes back"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from deployer.events import End
from deployer.model import Intent, Ladder, Picture, Split, Verdict
from deployer.plan import Plan
from deployer.safety import prove
from deployer.steps import Ask, Readmit, Shift, Step, Verify
from deployer.strategies import canary, rolling
from deployer.strategies.checked import POINTS, checked, gate
from tests.memory import Fault, Memory
from tests.runs import Case, all_serve, case, intent, pool
from tests.test_canary import canaries, halves

CHECKS = {point: f"{point} page" for point in POINTS}
LADDER = Ladder((5000, 10_000), 60, 0)


def _rolling() -> Case:
    return _case(pool(), lambda memory: intent(memory, 2))


def _canary() -> Case:
    return _case(halves(), lambda memory: canaries(memory, ladder=LADDER))


def _case(memory: Memory, wanted: Callable[[Memory], Intent]) -> Case:
    asked = replace(wanted(memory), checks=CHECKS)
    strategy = canary.plan if asked.ladder else rolling.plan

    def plan(intent: Intent, picture: Picture) -> Plan:
        return checked(strategy(intent, picture))

    return case(memory, asked, plan)


@pytest.mark.parametrize("made", [_rolling, _canary], ids=["rolling", "canary"])
def test_no_host_returns_before_its_checks(made: Callable[[], Case]) -> None:
    it = made()
    prove(it.plan, it.picture)
    for _, _, stage, step in it.plan.walk():
        if isinstance(step, Readmit):
            place = stage.steps.index(step)
            asked, verified = stage.steps[place - 1], stage.steps[place - 2]
            assert isinstance(asked, Ask)
            assert isinstance(verified, Verify)
            assert (asked.gate, asked.hosts) == (gate("verify"), step.hosts)
    assert _gates(it.plan.steps)[-1] == gate("finish")


def _gates(steps: Sequence[Step]) -> list[str]:
    return [step.gate for step in steps if isinstance(step, Ask)]


def test_at_each_rung_the_hosts_of_the_release_are_checked_before_the_gate_is_asked() -> None:
    it = _canary()
    serving: set[str] = set()
    rungs = 0
    for _, _, stage, step in it.plan.walk():
        if isinstance(step, Readmit):
            serving |= set(step.hosts)
        if isinstance(step, Ask) and step.gate == gate("step"):
            rungs += 1
            assert set(step.hosts) == serving
            place = stage.steps.index(step)
            assert isinstance(stage.steps[place - 1], Shift)
            assert _gates(stage.steps[place + 1 :]) == ["bake"]
    assert rungs == len(LADDER.shares)


@pytest.mark.parametrize(
    ("made", "point"), [(_rolling, "verify"), (_rolling, "finish"), *((_canary, point) for point in POINTS)]
)
def test_a_check_that_fails_takes_back_what_it_must(made: Callable[[], Case], point: str) -> None:
    it = made()
    it.memory.verdicts[gate(point)] = [Verdict.FAIL]
    assert it.run().end is End.PUT_BACK
    assert not it.broken()
    assert all_serve(it.memory, "1.0")
    assert all(split == Split((("1.0", 10_000),)) for split in it.memory.splits.values())


def test_a_host_that_was_left_out_is_not_checked() -> None:
    it = _case(pool(), lambda memory: intent(memory, 2, budget=1))
    it.memory.faults.append(Fault("verify", "hosts", hosts=frozenset({"dc1-web1"})))
    asked: list[Ask] = []
    it.memory.on_act = lambda _count, step, _order: asked.append(step) if isinstance(step, Ask) else None
    assert it.run().end is End.DONE
    assert asked
    assert all("dc1-web1" not in step.hosts for step in asked)


def test_without_checks_a_plan_is_as_it_was() -> None:
    plan = rolling.plan(intent(pool(), 2), pool().world().eyes.look())
    assert checked(plan) == plan
