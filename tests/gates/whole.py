"""A whole canary in the world in memory, judged by the metric gate over a stream, in virtual time"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from deployer.engine import Engine
from deployer.events import Ended, Event, Record
from deployer.gates.desk import Desk, Person
from deployer.gates.metrics import MetricGate
from deployer.model import WHOLE, Gating, Ladder, Split, Undo
from deployer.strategies import canary
from tests.gates.stream import Stream, gate
from tests.memory import MemoryJournal
from tests.runs import Case, case, intent, pool

NEW_HOSTS = ("dc1-web1", "dc2-web1")
"""Of the canary from the first step on."""


@dataclass
class Timed(MemoryJournal):
    """A journal whose records have the stream's times."""

    stream: Stream = field(default_factory=Stream)

    def append(self, run: str, *events: Event, epoch: int | None) -> Sequence[Record]:
        new = [replace(record, at=self.stream.time) for record in super().append(run, *events, epoch=epoch)]
        self.records[-len(new) :] = new
        return new


@dataclass
class Whole:
    stream: Stream
    gate: MetricGate
    it: Case
    told: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, stream: Stream, *, longest: float = 600, wait: float = 0) -> Whole:
        memory = pool(4, ("dc1", "dc2"), "a")
        memory.splits.update({site: Split((("1.0", WHOLE),)) for site in ("dc1", "dc2")})
        ladder = Ladder((500, 5000, WHOLE), 60, baseline=True)
        wanted = replace(
            intent(memory, floor=3, undo=Undo.ALL), strategy="canary", ladder=ladder, gating=Gating(60, 60)
        )
        it = case(memory, wanted, canary.plan)
        it.journal = Timed(stream=stream)
        return cls(stream, gate(stream, longest=longest, wait=wait), it)

    def engine(self) -> Engine:
        it = self.it
        desk = Desk({"metrics": self.gate, "person": Person()})
        world = replace(it.memory.world(), gates=desk, clock=self.stream)
        return Engine(
            world, it.journal, it.brake, "ann", it.journal.epoch, lambda _: None, lambda _, line: self.told.append(line)
        )

    def run(self) -> Ended:
        return self.engine().run("r1", self.it.plan, self.it.picture)
