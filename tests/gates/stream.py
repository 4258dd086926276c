"""A source in memory, in virtual time: two groups answer so many requests a second, some of them badly"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from deployer.gates.judge.data import Counts, Data, Fault, Histogram, Metric, Side
from deployer.gates.judge.ready import default
from deployer.gates.metrics import MetricGate, Patience
from deployer.gates.source import Found, Group, Question
from deployer.model import Verdict
from deployer.steps import Ask, Versus
from deployer.world import Look, Order, Passed, Past

EDGES = (0.01, 0.05, 0.1, 0.5, inf)
ASK = Ask(
    "metrics",
    ("dc1",),
    "1.1 at 5 % of dc1",
    "1.1",
    bake=60,
    former="1.0",
    versus=(Versus("dc1", ("web1",), ("web4",), restarted=True),),
)


@dataclass
class Stream:
    """`bad` is the share of bad answers by host and time; `complaints` what the source complains about at a time."""

    rate: float = 50.0
    bad: Callable[[str, float], float] = lambda _host, _now: 0.0
    slow: Callable[[str, float], float] = lambda _host, _now: 0.1
    complaints: Callable[[float, float], tuple[Fault, ...]] = lambda _since, _until: ()
    time: float = 1000.0
    questions: list[Question] = field(default_factory=list)
    opened: int = 0
    closed: int = 0
    name = "stream"
    knows = ("error_rate", "latency")

    def open(self, question: Question) -> StreamWatch:
        self.opened += 1
        self.questions.append(question)
        return StreamWatch(self, question, max(question.start, self.time))

    def examine(self, question: Question) -> Iterator[Found]:
        yield from ()

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class StreamWatch:
    stream: Stream
    question: Question
    since: float

    def read(self, until: float) -> Data:
        canary, baseline = (self._sides(group, until) for group in (self.question.canary, self.question.baseline))
        return Data(baseline, canary, self.stream.complaints(self.since, until))

    def close(self) -> None:
        self.stream.closed += 1

    def _sides(self, group: Group, until: float) -> tuple[Side, ...]:
        return tuple(Side(site, self._metrics(group.at(site), until)) for site in self.question.sites if group.at(site))

    def _metrics(self, hosts: Sequence[str], until: float) -> dict[str, Metric]:
        seconds = range(int(self.since), int(until))
        total = int(self.stream.rate * len(seconds) * len(hosts))
        bad = sum(self.stream.rate * self.stream.bad(host, now) for host in hosts for now in seconds)
        slow = sum(self.stream.rate * self.stream.slow(host, now) for host in hosts for now in seconds)
        found: dict[str, Metric] = {}
        if "error_rate" in self.question.metrics:
            found["error_rate"] = Counts(int(bad), total)
        if "latency" in self.question.metrics:
            fast = total - int(slow)
            found["latency"] = Histogram("s", EDGES, (fast // 2, fast - fast // 2, int(slow), 0, 0))
        return found


@dataclass
class Desk:
    """Whoever asks: what the journal would say, and what was written and told."""

    past: Past = field(default_factory=Past)
    looks: list[Look] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    stop: bool = False

    def order(self) -> Order:
        return Order("r1", 1, "0-1", self.told.append, lambda: self.stop, self._past, self.looks.append)

    def _past(self) -> Past:
        windows = max((look.window for look in self.looks), default=0)
        return replace(self.past, windows=max(self.past.windows, windows))


@dataclass
class Keeper:
    """Somebody changes the split at these moments."""

    stream: Stream
    changes: list[float] = field(default_factory=list)

    def mend(self, sites: Sequence[str], order: Order) -> Sequence[str]:
        due = [at for at in self.changes if at <= self.stream.time]
        self.changes = [at for at in self.changes if at not in due]
        return ["lb1: changed by somebody else, set again" for _ in due]


def gate(stream: Stream, *, longest: float = 600, wait: float = 0, changes: Sequence[float] = ()) -> MetricGate:
    config = default(("error_rate", "latency_p50"))
    return MetricGate(stream, config, Keeper(stream, list(changes)), stream, Patience(longest, wait, 10, 5))


def passed(at: float, step: Ask = ASK) -> Passed:
    return Passed(7, step, at)


PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
