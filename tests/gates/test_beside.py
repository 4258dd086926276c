"""A site that gets its users back is judged by every metric of its hosts, and by what the edge counts"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from deployer.gates.bake import Counts
from deployer.gates.beside import FAILED, Beside, with_the_edge
from deployer.gates.judge.ready import default
from deployer.gates.metrics import MetricGate, Patience
from deployer.model import WHOLE, Gating, Intent, Release, Split, Undo
from deployer.steps import Ask, Shift, Versus
from deployer.strategies import restore
from deployer.world import Order, Outcome, Past
from tests.gates.stream import FAIL, INCONCLUSIVE, PASS, Desk, Stream
from tests.runs import pool

HOSTS = {"a1": "dc1", "a2": "dc1", "b1": "dc2", "b2": "dc2", "c1": "dc3"}
ASK = Ask(
    "sites",
    ("dc1", "dc2", "dc3"),
    "dc2 at 1 %",
    "1.0",
    bake=60,
    former="1.0",
    versus=(Versus("edge", ("b1", "b2"), ("a1", "a2", "c1")),),
)


@dataclass
class Edge:
    """Counts so many requests a second for each site, with this share of failures."""

    stream: Stream
    failing: Mapping[str, float]
    began: float = 0.0

    def at_the_edge(self) -> Mapping[tuple[str, str], Counts]:
        seconds = int(self.stream.time - self.began)
        share = {site: self.failing.get(site, 0.0) for site in ("dc1", "dc2", "dc3")}
        return {("edge1", site): Counts(50 * seconds, int(50 * seconds * bad)) for site, bad in share.items()}

    def mend(self, sites: Sequence[str], order: Order) -> Sequence[str]:
        del sites, order
        return ()


def asked(stream: Stream, failing: Mapping[str, float] | None = None, *, shifted: float = 0.0) -> Outcome:
    edge = Edge(stream, failing or {})
    told = with_the_edge(default(("error_rate", "latency_p50")))
    gate = MetricGate(Beside(stream, HOSTS, edge), told, edge, stream, Patience(600, 0, 10, 5))
    return gate.ask(ASK, Desk(Past(changed={"edge": shifted})).order())


def test_a_site_like_the_others_passes_when_it_had_its_time() -> None:
    stream = Stream()
    said = asked(stream, shifted=1000.0)
    assert said.verdict is PASS
    assert stream.time >= 1060
    assert stream.closed == stream.opened
    new, old = stream.questions
    assert (new.canary.hosts, new.baseline.hosts, new.sites) == ({"dc2": ("b1", "b2")}, {}, ("dc2",))
    assert (old.baseline.hosts, old.canary.hosts) == ({"dc1": ("a1", "a2"), "dc3": ("c1",)}, {})
    assert {new.start, old.start} == {1000.0}, "nothing from before the shares were set"
    assert said.judged is not None
    assert {one.name for one in said.judged.judgement.metrics} == {"error_rate", "latency_p50", FAILED}


def test_a_metric_of_its_hosts_takes_it_back_though_the_edge_sees_nothing_fail() -> None:
    said = asked(Stream(slow=lambda host, _: 0.9 if host[0] == "b" else 0.1))
    assert said.verdict is FAIL
    assert "latency_p50" in said.note


def test_what_the_edge_sees_fail_takes_it_back_though_its_hosts_are_well() -> None:
    said = asked(Stream(), {"dc2": 0.2})
    assert said.verdict is FAIL
    assert FAILED in said.note


def test_what_fails_everywhere_is_not_the_site() -> None:
    assert asked(Stream(), {"dc1": 0.2, "dc2": 0.2, "dc3": 0.2}).verdict is not FAIL


def test_nobody_there_decides_nothing() -> None:
    assert asked(Stream(rate=0.0)).verdict is INCONCLUSIVE


def test_the_plan_asks_it_where_there_is_a_metric_gate() -> None:
    picture = pool(4, ("dc1", "dc2")).world().eyes.look()
    picture = replace(picture, splits={**picture.splits, "edge": Split((("dc1", WHOLE), ("dc2", 0)))})
    wanted = Intent("shop", Release("1.0"), "restore", picture.sites, wave={}, floor={}, undo=Undo.ALL)
    plain = restore.plan(wanted, picture, "dc2", (100, WHOLE), 60)
    assert [step.gate for step in plain.steps if isinstance(step, Ask)] == ["site", "site"]
    judged = restore.plan(replace(wanted, gating=Gating(1, 1)), picture, "dc2", (100, WHOLE), 60)
    asks = [step for step in judged.steps if isinstance(step, Ask)]
    assert [(one.gate, one.release, one.former) for one in asks] == [("sites", "1.0", "1.0")] * 2
    first, last = (one.versus[0] for one in asks)
    assert {name[:3] for name in first.new} == {"dc2"}
    assert {name[:3] for name in first.old} == {"dc1"}
    assert last.old == (), "nobody is beside it: what the others did before"
    assert [step.scope for step in judged.steps if isinstance(step, Shift)] == ["edge", "edge"]
