"""Who is compared with whom in a rolling deployment: enough hosts, never so many that plans grow with their square"""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.gates.foretell import uncompared
from deployer.model import Gating
from deployer.plan import Plan
from deployer.steps import Ask, Versus
from deployer.strategies import rolling
from deployer.strategies.beside import MOST
from tests.runs import intent, pool


def gated(hosts: int, wave: int = 1) -> Plan:
    memory = pool(hosts, ("dc1", "dc2"))
    wanted = replace(intent(memory, wave=wave, floor=1), gating=Gating(60, 60))
    return rolling.plan(wanted, memory.world().eyes.look())


def asked(plan: Plan) -> list[Versus]:
    return [one for step in plan.steps if isinstance(step, Ask) for one in step.versus]


def test_all_are_compared_while_they_are_few() -> None:
    first, second, third, *_ = asked(gated(4))
    assert [len(one.new) for one in (first, second, third)] == [1, 2, 3]
    assert [len(one.old) for one in (first, second, third)] == [3, 2, 1]
    assert first.old == ("dc1-web2", "dc1-web3", "dc1-web4")


def test_of_many_the_newest_and_those_that_go_last() -> None:
    sides = asked(gated(60))
    middle = sides[29]
    assert middle.new == tuple(f"dc1-web{n}" for n in range(31 - MOST, 31))
    assert middle.old == tuple(f"dc1-web{n}" for n in range(61 - MOST, 61))
    assert all(one.new for one in sides)


def test_a_wave_is_compared_whole_however_large() -> None:
    first = asked(gated(100, wave=40))[0]
    assert len(first.new) == 40


def test_a_plan_grows_with_its_hosts_and_not_with_their_square() -> None:
    def names(hosts: int) -> int:
        return sum(len(one.new) + len(one.old) for one in asked(gated(hosts)))

    assert names(400) < 2.3 * names(200)


@pytest.mark.parametrize(("wave", "warned"), [(1, 0), (2, 0), (4, 2)])
def test_a_plan_warns_of_a_wave_that_leaves_nobody_to_compare_with(wave: int, warned: int) -> None:
    told = tuple(uncompared(gated(4, wave)))
    assert len(told) == warned
    assert all("leaves no host on the old release" in one and "a smaller rolling.wave" in one for one in told)
