"""The hosts of one site beside those of the others: whatever measures them, and what the edge counts of either"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deployer.gates.bake import Counts as Counted
from deployer.gates.foretell import pooled
from deployer.gates.judge.config import Config
from deployer.gates.judge.data import Counts, Data, Fault, Metric, Side
from deployer.gates.judge.ready import READY
from deployer.gates.sites import AtTheEdge
from deployer.gates.source import Found, Group, Question, Source, Watch

EDGE = "edge"
"""Where they are compared: no site is on both sides."""
FAILED = "failed_at_the_edge"


def with_the_edge(config: Config) -> Config:
    """The same, and what users of either saw fail, with the bars of error_rate, whatever hosts say of themselves."""
    errors = next((one for one in config.metrics if one.name == "error_rate"), READY["error_rate"])
    return replace(config, metrics=(*config.metrics, replace(errors, name=FAILED, reads="")))


@dataclass(frozen=True, slots=True)
class Beside:
    """A source for questions at EDGE. `sites` says where each host is."""

    source: Source
    sites: Mapping[str, str]
    edge: AtTheEdge

    @property
    def name(self) -> str:
        return f"{self.source.name}, and the edge"

    @property
    def knows(self) -> tuple[str, ...]:
        return (*self.source.knows, FAILED)

    def open(self, question: Question) -> Watch:
        new, old = (self._at_their_sites(group) for _, group in question.groups())
        metrics = tuple(one for one in question.metrics if one != FAILED)
        nobody, start = Group("", {}), question.start
        return _Watch(
            self.source.open(Question(new, nobody, tuple(new.hosts), metrics, start)),
            self.source.open(Question(nobody, old, tuple(old.hosts), metrics, start)),
            tuple(new.hosts),
            self.edge,
            self.edge.at_the_edge(),
        )

    def examine(self, question: Question) -> Iterator[Found]:
        yield from self.source.examine(question)

    def _at_their_sites(self, group: Group) -> Group:
        found: dict[str, tuple[str, ...]] = {}
        for host in group.at(EDGE):
            found[self.sites[host]] = (*found.get(self.sites[host], ()), host)
        return Group(group.release, found)


@dataclass(frozen=True, slots=True)
class _Watch:
    """`judged` are the sites of the new ones; `before` is what the edge had counted when it was opened."""

    new: Watch
    old: Watch
    judged: tuple[str, ...]
    edge: AtTheEdge
    before: Mapping[tuple[str, str], Counted]

    @property
    def since(self) -> float:
        return max(self.new.since, self.old.since)

    def read(self, until: float) -> Data:
        new, old = self.new.read(until), self.old.read(until)
        faults = tuple(Fault(one.what, EDGE, one.metric) for one in (*new.faults, *old.faults))
        canary = Side(EDGE, {**_one(new.canary), FAILED: self._counted(judged=True)})
        return Data((Side(EDGE, {**_one(old.baseline), FAILED: self._counted(judged=False)}),), (canary,), faults)

    def close(self) -> None:
        self.new.close()
        self.old.close()

    def _counted(self, *, judged: bool) -> Counts:
        gained = [
            now.since(self.before.get(place, Counted()))
            for place, now in self.edge.at_the_edge().items()
            if (place[1] in self.judged) == judged
        ]
        return Counts(sum(one.failed for one in gained), sum(one.requests for one in gained))


def _one(sides: Sequence[Side]) -> Mapping[str, Metric]:
    """Several sites as if they were one."""
    names = dict.fromkeys(name for side in sides for name in side.metrics)
    return {name: pooled([side.metrics[name] for side in sides if name in side.metrics]) for name in names}
