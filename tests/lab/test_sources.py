"""The balancers and a Prometheus tell the same story of one canary, and doctor tries both"""

from __future__ import annotations

import signal
import time
from dataclasses import replace

import pytest

from deployer.gates.haproxy.source import Haproxy
from deployer.gates.judge.data import Counts, Data, Histogram
from deployer.gates.prometheus.source import Prometheus
from deployer.gates.source import Group, Question
from deployer.inventory.reading import estate as read_estate
from deployer.lab import faults, scraping
from deployer.lab.layout import Lab
from deployer.lab.load import control
from deployer.settings.file import read
from deployer.ssh import Ssh
from tests.lab.console import console
from tests.ssh.parts import until

pytestmark = pytest.mark.lab

METRICS = ("error_rate", "latency", "memory", "blocked_threads")


@pytest.fixture(scope="module")
def lab_with() -> dict[str, object]:
    return {"prometheus": True}


def counts(data: Data, group: str) -> Counts:
    sides = {"canary": data.canary, "baseline": data.baseline}[group]
    found = [side.metrics["error_rate"] for side in sides]
    told = [one for one in found if isinstance(one, Counts)]
    return Counts(sum(one.bad for one in told), sum(one.total for one in told))


def test_both_sources_tell_the_same(lab: Lab) -> None:
    settings = read(lab.inventory / "deployer.yml")
    assert settings.gate
    estate = read_estate(lab.inventory, settings)
    canary = Group("1.0.0", {"dc1": ("dc1-web1",), "dc2": ("dc2-web1",)})
    baseline = Group("1.0.0", {"dc1": ("dc1-web2",), "dc2": ("dc2-web2",)})
    ssh = Ssh(estate.logins())
    faults.misbehave(lab, "dc1-web1", error_rate=0.3, latency=0.2, blocked_threads=5)
    asking = Prometheus(settings.gate.source, estate)
    question = Question(canary, baseline, ("dc1", "dc2"), METRICS, time.time())
    scraped = asking.open(question)
    until(lambda: not scraped.read(time.time()).faults, "everything is scraped", within=120)
    scraped = asking.open(replace(question, start=time.time()))
    until(lambda: not scraped.read(time.time()).faults, "a first look lies in the window", within=120)
    counted = Haproxy(estate, ssh, linger=60).open(replace(question, metrics=METRICS[:2]))
    seen = control.wait(control.start(lab, rate=80, seconds=5))
    until(lambda: total(counted.read(time.time())) >= seen.requests, "all are counted", within=60)
    exact = counted.read(time.time())
    assert not exact.faults, exact.faults
    assert total(exact) == seen.requests
    assert counts(exact, "canary").bad == seen.failures.get("500", 0) > 0
    assert counts(exact, "baseline").bad == 0
    until(lambda: total(scraped.read(time.time())) >= seen.requests, "all are scraped", within=60)
    found = scraped.read(time.time())
    assert not found.faults, found.faults
    assert (counts(found, "canary"), counts(found, "baseline")) == (counts(exact, "canary"), counts(exact, "baseline"))
    for data in (exact, found):
        slow = next(side.metrics["latency"] for side in data.canary if side.site == "dc1")
        assert isinstance(slow, Histogram)
        late = sum(count for edge, count in zip(slow.le, slow.count, strict=True) if edge > 0.2)
        assert late == sum(slow.count) > 0
    with console(lab) as operator:
        told = operator.run("doctor")
    assert "gate, error_rate at dc1: " in told.out, told
    scraping.tell(lab, signal.SIGSTOP)
    try:
        assert {fault.site for fault in scraped.read(time.time()).faults} == {"dc1", "dc2"}
    finally:
        scraping.tell(lab, signal.SIGCONT)
    until(lambda: not scraped.read(time.time()).faults, "it is back", within=120)
    ssh.close()


def total(data: Data) -> int:
    return counts(data, "canary").total + counts(data, "baseline").total
