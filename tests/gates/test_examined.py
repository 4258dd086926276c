"""Doctor tries a gate as if the first host of each site were a canary"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deployer.gates.examined import examine
from deployer.gates.judge.ready import default
from deployer.gates.source import Found, Question, Watch
from deployer.machines import Estate, Host, Login

HOSTS = (("web1", "dc1"), ("web2", "dc1"), ("web3", "dc1"), ("web4", "dc2"))
ESTATE = Estate(Path(), tuple(Host(name, site, Login("x"), "x", 1, "/", "/h") for name, site in HOSTS), ())


@dataclass
class Source:
    """Knows some metrics, and keeps what it was asked."""

    knows: tuple[str, ...]
    name: str = "the source"
    asked: list[Question] = field(default_factory=list)

    def open(self, question: Question) -> Watch:
        raise NotImplementedError

    def examine(self, question: Question) -> Iterator[Found]:
        self.asked.append(question)
        yield Found(self.name, "answers")


def test_the_first_host_is_compared_with_the_others() -> None:
    source = Source(("error_rate", "latency"))
    found = list(examine(source, default(), ESTATE, {"web2": "1.0.0"}, 5.0))
    assert [one.found for one in found] == ["answers"]
    (asked,) = source.asked
    assert asked.sites == ("dc1",)  # a single host is like itself
    assert (asked.canary.at("dc1"), asked.baseline.at("dc1")) == (("web1",), ("web2", "web3"))
    assert (asked.canary.release, asked.metrics, asked.start) == ("1.0.0", ("error_rate", "latency"), 5.0)


def test_a_metric_nobody_measures_is_grave_when_it_must_have_data() -> None:
    source = Source(("error_rate",))
    found = list(examine(source, default(["error_rate", "latency_p99", "cpu"]), ESTATE, {}, 5.0))
    told = {one.found.partition(";")[0]: one.grave for one in found if one.remedy}
    assert told == {"does not know latency for latency_p99": True, "does not know cpu for cpu": False}
    assert source.asked[0].metrics == ("error_rate",)
