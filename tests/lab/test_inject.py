"""A drill: some requests of one release fail for a while, and nobody else's"""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from deployer.lab import balancer, lifecycle
from deployer.lab.layout import SERVICE_PORT, Lab
from tests.lab.console import Console, console


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        one.set(rolling={"wave": 1, "min_in_service": 1}, canary={"steps": [50, 100], "bake": "30s", "headroom": "0%"})
        assert one.run("deploy", "1.1.0", "--strategy", "canary", "--at", "0").code == 7
        yield one


def _get(lab: Lab, *, tester: str = "") -> int:
    link = HTTPConnection(lab.machine("dc1-lb1").address, SERVICE_PORT, timeout=30)
    try:
        link.request("GET", "/version", headers={"X-Deployer-Release": tester} if tester else {})
        return link.getresponse().status
    finally:
        link.close()


def _entries(lab: Lab) -> list[str]:
    one = lab.machine("dc1-lb1")
    return balancer.ask(one.socket, f"show map {one.maps}/faults.map").split()[1::3]


def test_requests_of_one_release_fail_until_it_is_over(lab: Lab, operator: Console) -> None:
    told = operator.run(
        "inject", "--release", "1.1.0", "--failing", "100%", "--for", "1h", "--yes", "--reason", "drill"
    )
    assert told.code == 0, str(told)
    assert {_get(lab, tester="1.1.0") for _ in range(20)} == {500}
    assert {_get(lab) for _ in range(20)} == {200}, "nobody else's"
    assert "injects faults: 100% of 1.1.0's requests fail" in operator.run("logs").out
    assert operator.run("status").code == 0

    assert operator.run("inject", "--off").code == 0
    assert _get(lab, tester="1.1.0") == 200

    assert operator.run("inject", "--release", "1.1.0", "--failing", "100%", "--for", "1s", "--yes").code == 0
    lifecycle.wait(lambda: _get(lab, tester="1.1.0"), lambda status: status == 200)
    assert _entries(lab), "it ended although nobody was there to end it"


def test_others_wait(lab: Lab, operator: Console) -> None:
    assert operator.run("inject", "--release", "1.1.0", "--delay", "1s", "--for", "1h", "--yes").code == 0
    began = time.monotonic()
    assert _get(lab, tester="1.1.0") == 200
    assert time.monotonic() - began >= 1
    balancer.reload(lab.machine("dc1-lb1"))
    assert _entries(lab) == [], "a reload ends it"


def test_testers_alone_and_the_end_of_the_run(lab: Lab, operator: Console) -> None:
    assert (
        operator.run("inject", "--release", "1.0.0", "--failing", "100%", "--testers", "--for", "1h", "--yes").code == 0
    )
    assert {_get(lab) for _ in range(20)} == {200}
    assert _get(lab, tester="1.0.0") == 500
    assert operator.run("abort").code == 0
    assert _entries(lab) == [], "it ends with its run"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--failing", "2%"], "whose requests?"),
        (["--release", "1.1.0"], "nothing would happen"),
        (["--release", "1.1.0", "--failing", "lots"], "'lots' is not a percentage"),
        (["--release", "1.1.0", "--failing", "2%", "--for", "2h"], "longer than an hour"),
    ],
)
def test_wrong_words_change_nothing(lab: Lab, operator: Console, words: list[str], why: str) -> None:
    told = operator.run("inject", *words, "--yes")
    assert told.code == 2, str(told)
    assert why in told.err
    assert _entries(lab) == []
