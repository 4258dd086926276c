"""What the balancers counted and logged for each group, exactly; what is not known is said"""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.gates.haproxy.source import Haproxy
from deployer.gates.haproxy.watch import HaproxyWatch
from deployer.gates.judge.data import Counts, Data, Histogram, Metric
from deployer.gates.source import Group, Question
from tests.ssh.parts import kill, until
from tests.traffic.parts import Site, site

BOTH = ("error_rate", "latency")
LINGER = 30.0


@pytest.fixture(scope="module")
def dc1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("counted"), "127.9.41") as found:
        yield found
        for part in found.balancers.values():
            for pid in listeners(part.folder):
                kill(pid, signal.SIGKILL)


def listeners(folder: Path) -> list[int]:
    """Far ends on the balancer of this folder."""
    found = subprocess.run(["pgrep", "-f", f"{folder}/.*tally.sock"], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


def opened(dc1: Site, *metrics: str) -> HaproxyWatch:
    question = Question(
        Group("2.0.0", {"dc1": ("web1",)}), Group("1.0.0", {"dc1": ("web2",)}), ("dc1",), metrics or BOTH, time.time()
    )
    return Haproxy(dc1.estate, dc1.ssh, linger=LINGER).open(question)


def asked(dc1: Site, path: str, times: int) -> Counter[str]:
    """How often each host answered."""
    return Counter(dc1.get(path, balancer)[1] for balancer in ("lb1", "lb2") for _ in range(times))


def of(data: Data, group: str, metric: str = "error_rate") -> Metric | None:
    (side,) = {"canary": data.canary, "baseline": data.baseline}[group]
    return side.metrics.get(metric)


def whats(data: Data) -> str:
    return "\n".join(fault.what for fault in data.faults)


def logged(watch: HaproxyWatch, group: str, count: int) -> Histogram:
    """The log may come a moment later."""
    found: list[Histogram] = []

    def there() -> bool:
        data = watch.read(time.time())
        assert not data.faults, data.faults
        one = of(data, group, "latency")
        assert isinstance(one, Histogram)
        found.append(one)
        return sum(one.count) >= count

    until(there, f"{count} requests of {group} are logged")
    return found[-1]


def test_every_answer_is_counted_for_its_group(dc1: Site) -> None:
    asked(dc1, "/", 3)  # before the window
    watch = opened(dc1)
    well, broken, slow = asked(dc1, "/", 20), asked(dc1, "/broken", 7), asked(dc1, "/slow", 3)
    data = watch.read(time.time())
    assert not data.faults
    assert of(data, "canary") == Counts(broken["web1"], well["web1"] + broken["web1"] + slow["web1"])
    assert of(data, "baseline") == Counts(broken["web2"], well["web2"] + broken["web2"] + slow["web2"])
    times = logged(watch, "canary", well["web1"] + slow["web1"])
    late = sum(count for edge, count in zip(times.le, times.count, strict=True) if edge > 0.3)
    assert late >= slow["web1"] > 0
    assert sum(times.count) == well["web1"] + slow["web1"]
    assert watch.since <= time.time()


def test_what_happened_across_a_reload_or_a_clearing_is_not_known_and_not_counted(dc1: Site) -> None:
    watch = opened(dc1, "error_rate")
    first = asked(dc1, "/", 6)
    assert not watch.read(time.time()).faults
    asked(dc1, "/", 6)
    dc1.balancers["lb1"].reload()
    dc1.balancers["lb2"].ask("clear counters all")
    data = watch.read(time.time())
    for name in ("lb1", "lb2"):
        assert f"{name}: restarted, reloaded or cleared since the last look" in whats(data)
    assert {(fault.site, fault.metric) for fault in data.faults} == {("dc1", "")}
    assert of(data, "canary") == Counts(0, first["web1"])
    more = asked(dc1, "/", 4)
    data = watch.read(time.time())
    assert not data.faults
    assert of(data, "canary") == Counts(0, first["web1"] + more["web1"])


def test_a_balancer_that_is_silent_is_named_and_found_again(dc1: Site) -> None:
    watch = opened(dc1, "error_rate")
    door = dc1.doors["lb2"]
    door.stop()
    try:
        seen = asked(dc1, "/", 5)
        data = watch.read(time.time())
        assert [fault.what.partition(":")[0] for fault in data.faults] == ["lb2"]
        part = of(data, "canary")
        assert isinstance(part, Counts)
        assert part.total < seen["web1"]
    finally:
        door.start()
    data = watch.read(time.time())
    assert not data.faults
    assert of(data, "canary") == Counts(0, seen["web1"])


def test_whoever_reads_the_log_may_die(dc1: Site) -> None:
    watch = opened(dc1)
    for pid in listeners(dc1.balancers["lb1"].folder):
        kill(pid, signal.SIGKILL)
    until(lambda: not listeners(dc1.balancers["lb1"].folder), "it is gone")
    data = watch.read(time.time())
    assert [(fault.metric, fault.what) for fault in data.faults] == [
        ("latency", "lb1: what read its log was ended: what was logged meanwhile is not known")
    ]
    seen = asked(dc1, "/", 5)
    assert sum(logged(watch, "canary", seen["web1"]).count) == seen["web1"]


def test_a_balancer_that_logs_elsewhere_is_told_from_one_without_users(dc1: Site) -> None:
    estate = dc1.estate
    there = tuple(
        replace(one, log=one.log.replace("21514", "21515"), maps=f"{one.maps}/..") for one in estate.balancers
    )
    watch = Haproxy(replace(estate, balancers=there), dc1.ssh, linger=LINGER).open(opened(dc1).question)
    assert not watch.read(time.time()).faults
    asked(dc1, "/", 40)
    data = watch.read(time.time())
    assert "lb1: logged 0 of 40 requests to 127.9.41.11:21515 (balancers.log)" in whats(data)
    assert {fault.metric for fault in data.faults} == {"latency"}
    for part in dc1.balancers.values():
        for pid in listeners(part.folder):
            kill(pid, signal.SIGKILL)


def test_a_port_that_is_taken_is_a_complaint(dc1: Site) -> None:
    estate = dc1.estate
    there = tuple(replace(one, log="127.9.41.200:1", maps="/nowhere") for one in estate.balancers)
    watch = Haproxy(replace(estate, balancers=there), dc1.ssh).open(opened(dc1).question)
    data = watch.read(time.time())
    assert "lb1: its log cannot be read" in whats(data)
    assert of(data, "canary", "latency") is None


def test_the_far_end_ends_by_itself(dc1: Site) -> None:
    for pid in listeners(dc1.balancers["lb1"].folder):
        kill(pid, signal.SIGKILL)
    until(lambda: not listeners(dc1.balancers["lb1"].folder), "the former ones are gone")
    shortly = Haproxy(dc1.estate, dc1.ssh, linger=0.5)
    list(shortly.examine(replace(opened(dc1, "error_rate").question, metrics=BOTH)))
    assert listeners(dc1.balancers["lb1"].folder)
    until(lambda: not listeners(dc1.balancers["lb1"].folder), "it ended", within=60)


def test_what_a_balancer_does_not_know_is_said(dc1: Site) -> None:
    data = opened(dc1, "error_rate", "cpu").read(time.time())
    assert whats(data) == "balancers know no cpu, only error_rate and latency"
    opaque = tuple(replace(one, kind="opaque") for one in dc1.estate.balancers)
    watch = Haproxy(replace(dc1.estate, balancers=opaque), dc1.ssh).open(opened(dc1).question)
    assert "lb1 is opaque: it counts nothing" in whats(watch.read(time.time()))
