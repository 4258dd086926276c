"""A host is sent more on a real HAProxy pair, and its weights are back whatever happens"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from deployer.clock import WallClock
from deployer.errors import StepFailed
from deployer.model import Verdict
from deployer.settings.values import Settings
from deployer.steps import Ask
from deployer.traffic import leased
from deployer.traffic.ground import Ground
from deployer.traffic.live import LiveTraffic
from deployer.traffic.squeeze import Squeeze
from tests.ssh.parts import until
from tests.traffic.parts import Ordered, Site, load, site

WEB1 = Ask("squeeze", ("dc1",), hosts=("web1",))
USUAL = {f"lb{n}": {"web1": 100, "web2": 100, "web3": 100} for n in (1, 2)}


@pytest.fixture(scope="module")
def dc1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("squeeze"), "127.9.43") as found:
        yield found


def squeeze(found: Site, **values: object) -> Squeeze:
    told = found.settings.model_dump()
    told["squeeze"] |= {"hold": 1, "latency": 100, "most": 4, **values}
    return LiveTraffic(found.estate, Settings.model_validate(told), found.ssh, WallClock()).squeeze


def weights(found: Site) -> dict[str, dict[str, int]]:
    return {
        name: {host: int(part.ask(f"get weight shop_a/{host}").split()[0]) for host in found.hosts}
        for name, part in found.balancers.items()
    }


def test_its_share_is_raised_measured_and_put_back(dc1: Site, ordered: Ordered) -> None:
    seen = []
    order = dataclasses.replace(ordered.order, tell=lambda _: seen.append(weights(dc1)))
    with load(dc1) as asked:
        outcome = squeeze(dc1).ask(WEB1, order)
    assert not asked.failed
    assert outcome.verdict is Verdict.PASS
    assert "web1 carries at least" in outcome.note
    assert outcome.carries == (), "that was no limit"
    assert seen[0] == USUAL
    raised = [one["lb1"]["web1"] / one["lb1"]["web2"] for one in seen]
    assert raised == sorted(raised)
    assert raised[-1] > 3, "beyond what a weight alone allows, the others' shrink"
    assert weights(dc1) == USUAL


def test_errors_end_it(dc1: Site, ordered: Ordered) -> None:
    broken = dc1.health("web1").with_name("broken")
    order = dataclasses.replace(ordered.order, tell=lambda _: broken.touch())
    try:
        with load(dc1):
            outcome = squeeze(dc1).ask(WEB1, order)
    finally:
        broken.unlink(missing_ok=True)
    ((host, carried),) = outcome.carries
    assert host == "web1"
    assert carried > 0
    assert "beyond that" in outcome.note
    assert "failed" in outcome.note
    assert weights(dc1) == USUAL


def test_a_stop_puts_it_back(dc1: Site, ordered: Ordered) -> None:
    stopped: list[str] = []
    order = dataclasses.replace(ordered.order, tell=stopped.append, stopping=lambda: len(stopped) > 1)
    with load(dc1), pytest.raises(StepFailed, match="stopped; the weights are as they were"):
        squeeze(dc1).ask(WEB1, order)
    assert weights(dc1) == USUAL


def test_weights_that_nobody_comes_back_to_put_themselves_back(dc1: Site, ordered: Ordered) -> None:
    ground = Ground(dc1.estate, dc1.settings, dc1.ssh, WallClock())
    balancers = {one.name: one for one in dc1.estate.balancers}
    before = {name: tuple(("shop_a", host, 100) for host in dc1.hosts) for name in balancers}
    raised = dict.fromkeys(balancers, (("shop_a", "web1", 200),))
    leased.put(ground, balancers, raised, before, ordered.order, 2 - leased.SPARE)
    assert weights(dc1)["lb2"]["web1"] == 200
    leased.none_left(ground, balancers, ordered.order)
    assert weights(dc1) == USUAL


def test_what_cannot_be_squeezed_is_refused(dc1: Site, ordered: Ordered) -> None:
    with pytest.raises(StepFailed, match="nobody asks web1 for anything"):
        squeeze(dc1).ask(WEB1, ordered.order)
    health = dc1.health("web1")
    kept = health.read_text()
    health.unlink()
    try:
        until(lambda: dc1.balancers["lb2"].status("web1")["shop_a"].startswith("NOLB"), "web1 is out")
        until(lambda: dc1.balancers["lb1"].status("web1")["shop_a"].startswith("NOLB"), "web1 is out")
        with pytest.raises(StepFailed, match="web1 is not in service"):
            squeeze(dc1).ask(WEB1, ordered.order)
    finally:
        health.write_text(kept)
    assert weights(dc1) == USUAL
