"""nginx says of each request where it went and how long it took, while there is a split"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from deployer.gates.haproxy.source import Haproxy
from deployer.gates.judge.data import Counts, Data, Histogram
from deployer.gates.source import Group, Question
from deployer.model import Release, Split
from deployer.steps import Drain, Readmit, Shift
from tests.ssh.parts import until
from tests.traffic.nginx_parts import NginxSite, nginx_site
from tests.traffic.parts import Ordered


@pytest.fixture(scope="module")
def dc1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NginxSite]:
    """web1 carries 2.0.0 in slot b, for half of the users."""
    order = Ordered().order
    with nginx_site(tmp_path_factory.mktemp("nginx"), "127.9.42", hosts=2) as found:
        found.traffic.shift(Shift("dc1", Split((("1.0.0", 10_000),))), order)
        found.traffic.drain(Drain("dc1", ("web1",)), order)
        found.traffic.readmit(Readmit("dc1", ("web1",), Release("2.0.0"), "b"), order)
        found.traffic.shift(Shift("dc1", Split((("1.0.0", 5_000), ("2.0.0", 5_000)))), order)
        yield found


def test_counts_and_times_are_those_of_the_log(dc1: NginxSite) -> None:
    question = Question(
        Group("2.0.0", {"dc1": ("web1",)}),
        Group("1.0.0", {"dc1": ("web2",)}),
        ("dc1",),
        ("error_rate", "latency"),
        time.time(),
    )
    watch = Haproxy(dc1.estate, dc1.ssh, linger=5).open(question)
    seen = Counter(dc1.get(path, name).body for path in ("/", "/broken") for name in ("lb1", "lb2") for _ in range(20))
    found: list[Data] = []

    def complete() -> bool:
        found.append(watch.read(time.time()))
        assert not found[-1].faults, found[-1].faults
        (side,), (other,) = found[-1].canary, found[-1].baseline
        counted = (side.metrics["error_rate"], other.metrics["error_rate"])
        return sum(one.total for one in counted if isinstance(one, Counts)) >= sum(seen.values())

    until(complete, "everything was logged")
    (side,) = found[-1].canary
    errors, times = side.metrics["error_rate"], side.metrics["latency"]
    assert isinstance(errors, Counts)
    assert isinstance(times, Histogram)
    assert errors.total == seen["web1"]
    assert 0 < errors.bad < errors.total
    assert sum(times.count) == errors.total - errors.bad
