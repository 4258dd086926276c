"""Rolling as a pure function: who is in which wave, in which order; the texts are in tests/plans"""

from __future__ import annotations

from deployer.model import Intent
from deployer.plan import Plan
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Verify
from deployer.strategies import rolling
from deployer.strategies.order import in_order
from tests.memory import Memory
from tests.runs import intent, pool


def drawn(memory: Memory, wanted: Intent) -> Plan:
    return rolling.plan(wanted, memory.world().eyes.look())


def test_everything_is_fetched_before_anything_is_drained() -> None:
    steps = drawn(pool(), intent(pool(), wave=3)).steps
    assert isinstance(steps[0], Fetch)
    assert set(steps[0].hosts) == set(pool().hosts)
    assert not any(isinstance(step, Fetch) for step in steps[1:])


def test_each_wave_is_drained_deployed_verified_readmitted_and_each_host_once() -> None:
    plan = drawn(pool(5), intent(pool(5), wave=2))
    assert all([type(step) for step in stage.steps] == [Drain, Deploy, Verify, Readmit] for stage in plan.stages[1:])
    drained = [host for step in plan.steps if isinstance(step, Drain) for host in step.hosts]
    assert sorted(drained) == sorted(pool(5).hosts)


def test_the_last_wave_is_smaller_and_sites_do_not_mix() -> None:
    plan = drawn(pool(5), intent(pool(5), wave=2))
    assert [len(step.hosts) for step in plan.steps if isinstance(step, Drain)] == [2, 2, 1, 2, 2, 1]
    assert [leg.site for leg in plan.legs] == ["", "dc1", "dc2"]


def test_hosts_out_of_service_first_then_as_people_count() -> None:
    memory = pool(11, ("dc1",))
    memory.hosts["dc1-web7"].healthy = False
    plan = drawn(memory, intent(memory, wave=3))
    first, second = _drains(plan)[:2]
    assert first == ("dc1-web7", "dc1-web1", "dc1-web2")
    assert second == ("dc1-web3", "dc1-web4", "dc1-web5")
    assert _drains(plan)[3] == ("dc1-web10", "dc1-web11")


def _drains(plan: Plan) -> list[tuple[str, ...]]:
    return [step.hosts for step in plan.steps if isinstance(step, Drain)]


def test_names_are_ordered_whatever_they_look_like() -> None:
    assert sorted(["10", "web02", "web2b", "Web1", "2", "web"], key=in_order)[-2:] == ["2", "10"]
    assert sorted(["web10", "web9", "web1"], key=in_order) == ["web1", "web9", "web10"]


def test_who_serves_the_release_is_left_alone_and_who_has_it_but_is_out_is_not() -> None:
    memory = pool(3, ("dc1",))
    for host in memory.hosts.values():
        host.running = host.link = "1.1"
    memory.hosts["dc1-web2"].file = False
    assert _drains(drawn(memory, intent(memory))) == [("dc1-web2",)]


def test_a_limit_leaves_the_other_site_out() -> None:
    plan = drawn(pool(), intent(pool(), only=("dc2-web1", "dc2-web3")))
    assert [leg.site for leg in plan.legs] == ["", "dc2"]
    assert _drains(plan) == [("dc2-web1",), ("dc2-web3",)]


def test_no_question_after_the_last_wave_of_all() -> None:
    asks = [step.gate for step in drawn(pool(2), intent(pool(2), asks=True)).steps if isinstance(step, Ask)]
    assert asks == ["waves", "sites", "waves"]


def test_sites_go_in_the_order_of_the_intent() -> None:
    from dataclasses import replace

    wanted = replace(intent(pool()), sites=("dc2", "dc1"))
    assert [leg.site for leg in drawn(pool(), wanted).legs] == ["", "dc2", "dc1"]
