"""A canary under users who load pages with their assets: nothing fails, nothing mixes, nobody goes back"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from deployer.events import Done
from deployer.lab import balancer, faults, lifecycle, releases
from deployer.lab.layout import Lab
from deployer.lab.load import control
from tests.lab.console import Console, console


@pytest.fixture(scope="module")
def hosts_per_site() -> int:
    return 3


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        one.set(
            rolling={"wave": 1, "min_in_service": 2},
            canary={"steps": [5, 50, 100], "bake": "2s", "headroom": "0%", "sites": "together"},
        )
        yield one


def test_the_whole_ladder_brings_everybody_over_once(lab: Lab, operator: Console) -> None:
    load = control.start(lab, rate=60)
    running = operator.start("deploy", "1.1.0", "--strategy", "canary")
    operator.until_begun(running, "shift")
    operator.until_done(running, "ask")
    faults.foreign_reload(lab, "dc1-lb1")
    told = running.wait()
    seen = control.stop(load)
    assert told.code == 0, str(told)
    assert seen.failed == 0, seen.all["first_failures"]
    assert seen.mixed_pages == 0
    assert set(seen.flips) <= {"1.0.0>1.1.0"}, "nobody ever goes back"
    assert min(seen.lowest_in_service.values()) >= 2
    for share in ("5", "50"):
        said = rf"dc1: 1.1.0 set {share} %, measured .* % of about [1-9].* users of the last minute"
        assert re.search(said, told.err), told.err
    shown = operator.run("traffic", "--json", "--seconds", "0", "--check")
    assert shown.code == 0, str(shown)
    assert {one["split"]["1.1.0"] for one in shown.json["balancers"]} == {100.0}


def test_a_hand_made_change_is_drift(lab: Lab, operator: Console) -> None:
    maps = lab.machine("dc2-lb2").maps
    balancer.ask(
        lab.machine("dc2-lb2").socket,
        f"set map {maps}/pct.map pct 500; add map {maps}/rel.map 1.2.0 shop_a; add map {maps}/slot.map canary 1.2.0",
    )
    try:
        shown = operator.run("traffic", "--seconds", "0", "--check")
        assert shown.code == 8, str(shown)
        assert "dc2-lb2 has" in shown.out
    finally:
        balancer.ask(
            lab.machine("dc2-lb2").socket,
            f"del map {maps}/slot.map canary; del map {maps}/rel.map 1.2.0; set map {maps}/pct.map pct 0",
        )


def test_a_dark_canary_is_for_testers_until_it_is_promoted_and_abort_takes_all_back(
    lab: Lab, operator: Console
) -> None:
    dark = operator.run("deploy", "1.2.0", "--strategy", "canary", "--at", "0")
    assert dark.code == 7, str(dark)
    load = control.start(lab, rate=60)
    running = operator.start("promote", "--yes")
    operator.until_done(running, "shift")
    assert operator.run("abort").code == 0
    told = running.wait()
    seen = control.stop(load)
    assert told.code == 5, str(told)
    assert seen.failed == 0, seen.all["first_failures"]
    assert seen.mixed_pages == 0
    shown = operator.run("traffic", "--json", "--seconds", "0", "--check")
    assert shown.code == 0, str(shown)
    assert {tuple(one["split"].items()) for one in shown.json["balancers"]} == {(("1.1.0", 100.0),)}


def test_what_somebody_changes_during_a_bake_or_while_hosts_go_back_is_set_again(lab: Lab, operator: Console) -> None:
    operator.set(canary={"steps": [50, 100], "bake": "20s"})
    running = operator.start("deploy", "1.2.0", "--strategy", "canary")
    operator.until_begun(running, "ask")
    one = lab.machine("dc1-lb2")
    balancer.ask(one.socket, f"set map {one.maps}/pct.map pct 9000")
    lifecycle.wait(lambda: balancer.ask(one.socket, f"show map {one.maps}/pct.map"), lambda said: "pct 5000" in said)
    assert operator.run("abort").code == 0
    operator.until(running, lambda record: isinstance(record.event, Done) and record.event.line == 1)
    strange = f"add map {one.maps}/rel.map 7.0.0 shop_a; add map {one.maps}/slot.map canary 7.0.0"
    balancer.ask(one.socket, f"set map {one.maps}/pct.map pct 500; {strange}")
    lifecycle.wait(lambda: balancer.ask(one.socket, f"show map {one.maps}/slot.map"), lambda said: "7.0.0" not in said)
    told = running.wait()
    assert told.code == 5, str(told)
    assert "dc1-lb2: changed by somebody else" in told.err


def test_a_release_that_fails_its_users_is_taken_back_by_the_bake(lab: Lab, operator: Console) -> None:
    releases.release(lab.artifacts, "1.3.0", "errors")
    operator.set(canary={"steps": [50, 100], "bake": "20s"})
    load = control.start(lab, rate=60)
    told = operator.run("deploy", "1.3.0", "--strategy", "canary")
    seen = control.stop(load)
    assert told.code == 5, str(told)
    assert "requests failed" in told.err
    assert seen.mixed_pages <= seen.failed, "an asset that failed leaves its page without it; none came from elsewhere"
    assert set(seen.failures) <= {"http 500", "500", "5xx"}, seen.failures
