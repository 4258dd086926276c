"""Which release came after which, what may not be crossed, how long it all takes"""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.errors import Refused
from deployer.foretold import Pace, forecast, pace
from deployer.lineage import Lineage, lineage, refuse_crossing
from deployer.model import Release
from deployer.plan import Leg, Plan
from deployer.progress import Progress
from deployer.report.runbook import runbook
from deployer.strategies import rollback, rolling
from tests.memory import Fault, Memory
from tests.runs import Case, case, intent, pool

WAVE = {"fetch": 5.0, "drain": 1.0, "deploy": 2.0, "verify": 3.0, "readmit": 4.0}


def deployed(memory: Memory, version: str, *, irreversible: bool = False, fails: bool = False) -> Progress:
    for host in memory.hosts.values():
        host.fetched.add(version)
    it = case(memory, intent(memory, 1, 1, release=Release(version, irreversible=irreversible)))
    if fails:
        memory.faults.append(Fault("verify", line=0))
    it.run()
    memory.faults.clear()
    return it.progress


def test_releases_stand_in_the_order_in_which_they_came_and_one_gone_back_from_is_no_more() -> None:
    memory = pool(2)
    runs = [deployed(memory, "1.1"), deployed(memory, "1.2"), deployed(memory, "1.3", fails=True)]
    assert lineage(runs).versions == ("1.0", "1.1", "1.2")
    assert lineage(runs).before == "1.1"
    runs.append(deployed(memory, "1.1"))
    assert lineage(runs).versions == ("1.0", "1.1")
    assert lineage([]) == Lineage()
    assert not lineage([]).before


def test_an_irreversible_release_is_not_crossed_unless_told() -> None:
    memory = pool(2)
    line = lineage([deployed(memory, "1.1", irreversible=True), deployed(memory, "1.2")])
    refuse_crossing(line, "1.1", told=False)
    refuse_crossing(line, "1.3", told=False)
    refuse_crossing(line, "1.0", told=True)
    with pytest.raises(Refused, match=r"1\.1 is irreversible") as refused:
        refuse_crossing(line, "1.0", told=False)
    assert "--across-irreversible" in refused.value.remedy


def test_a_release_marked_where_artifacts_lie_counts_too() -> None:
    memory = pool(2)
    assert lineage([deployed(memory, "1.1")], ("1.1",)).crossed("1.0") == ("1.1",)


def test_the_pace_is_what_the_verbs_took() -> None:
    measured = pace([deployed(pool(2), "1.1")])
    assert measured.runs == 1
    assert set(measured.seconds) == set(WAVE)


def test_a_plan_foretells_how_long_it_takes_and_how_long_the_way_back_is() -> None:
    memory = pool(4, ("dc1",))
    it = case(memory, intent(memory, 1, 2))
    told = forecast(it.plan, it.picture, Pace(WAVE, 3))
    assert (told.takes, told.back) == (45.0, 20.0)
    shown = runbook(it.plan, it.picture, told)
    assert "takes       about 45.0 s, by the last 3 runs" in shown
    assert "way back    about 20.0 s" in shown
    unknown = forecast(it.plan, it.picture, Pace({}))
    assert "not known yet" in runbook(it.plan, it.picture, unknown)


def test_waves_side_by_side_take_the_time_of_one() -> None:
    memory = pool(2)
    it = case(memory, replace(intent(memory, 1, 1), abreast=1), rollback.plan)
    assert [leg.abreast for leg in it.plan.legs] == [2, 2]
    assert forecast(it.plan, it.picture, Pace(WAVE)).takes == 20.0
    assert forecast(_in_turn(it), it.picture, Pace(WAVE)).takes == 40.0


def _in_turn(it: Case) -> Plan:
    return Plan(it.plan.intent, tuple(Leg(leg.name, leg.site, leg.stages) for leg in it.plan.legs))


def test_below_an_irreversible_release_no_way_back_is_promised() -> None:
    memory = pool(2)
    it = case(memory, intent(memory, release=Release("1.1", irreversible=True)), rolling.plan)
    told = forecast(it.plan, it.picture, Pace(WAVE, 1))
    assert told.back is None
    shown = runbook(it.plan, it.picture, told)
    assert shown.index("fetch   1.1") < shown.index("── no way back below ──") < shown.index("deploy  1.1")
    assert shown.count("no way back below") == 1
