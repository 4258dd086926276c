"""The metric gate: watches a release under users until its numbers say yes or no, or a person does

It asks the source and the judge, and touches nothing but a split that somebody else changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from deployer.errors import StepFailed
from deployer.gates import spoken
from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config, Kind, MetricConfig
from deployer.gates.judge.judgement import Judged
from deployer.gates.source import Source
from deployer.gates.window import Window, begins, question
from deployer.model import Verdict
from deployer.steps import Ask, Versus
from deployer.world import Clock, Look, Order, Outcome, Past, Point

POLL = 0.5
"""Seconds between two looks at whether somebody wants to stop, or answers."""
TOLD = 30.0
"""Seconds after which each metric is told again."""


class Keeper(Protocol):
    def mend(self, sites: Sequence[str], order: Order) -> Sequence[str]:
        """Set again what somebody else changed of the split; sentences on it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: how long a step goes on without a verdict, how long it then waits for a person, how long a host warms
    up, and how often is looked at most.
    """

    longest: float
    wait: float
    warm_up: float
    every: float


@dataclass(slots=True)
class MetricGate:
    source: Source
    config: Config
    keeper: Keeper
    clock: Clock
    patience: Patience
    _idle: _Idle | None = None

    def ask(self, step: Ask, order: Order) -> Outcome:
        """FAIL as soon as harm is shown, PASS when it is excluded and the step has had its time under users.

        INCONCLUSIVE when neither came, nor a person's answer.

        Raises:
            StepFailed: somebody wants to stop.
        """
        self._rest()
        sitting = _Sitting(self, step, order, self.clock.monotonic())
        try:
            return sitting.to_the_end()
        finally:
            sitting.close()

    def between(self, order: Order) -> Outcome | None:
        """What fails requests is watched on while hosts come and go; latencies then say little of the release."""
        past = order.past()
        errors = replace(self.config, metrics=tuple(one for one in self.config.metrics if _tells_at_once(one)))
        if past.passed is None or not errors.metrics:
            return None
        started, versus = _still_there(past)
        idle = self._idle
        if idle is None or idle.of != (past.passed.number, started, versus):
            self._rest()
            asked = question(past.passed.step, errors, started, versus)
            window = Window.opened(self.source, asked, past.windows + 1, restarted=all(one.restarted for one in versus))
            self._idle = _Idle((past.passed.number, started, versus), window, self.clock.monotonic())
            return None
        if self.clock.monotonic() - idle.looked < self.patience.every:
            return None
        idle.looked = self.clock.monotonic()
        judged, look = self.look(errors, idle.window, past)
        order.looked(look)
        note = f"since {past.passed.step.about}: {judged.judgement.reason}"
        if look.verdict is not Verdict.FAIL:
            return None
        return Outcome(note, verdict=Verdict.FAIL, judged=judged, source=self.source.name)

    def look(self, config: Config, window: Window, past: Past) -> tuple[Judged, Look]:
        """The judge is loaded here: most commands need none."""
        from deployer.gates.judge.judge import judge

        now = self.clock.now()
        data = window.read(now, past.before)
        budget = Budget.of_window(config.false_abort, window.number)
        said = judge(config, data, budget)
        points = tuple(Point(one.name, *(one.values or ())) for one in said.metrics)
        look = Look(window.watch.since, now, window.number, said.verdict, said.score, points)
        return Judged(config, data, budget, said), look

    def _rest(self) -> None:
        if self._idle is not None:
            self._idle.window.close()
            self._idle = None


@dataclass(slots=True)
class _Idle:
    """The window that is watched while nobody asks, and of what."""

    of: tuple[int, float, tuple[Versus, ...]]
    window: Window
    looked: float


@dataclass(slots=True)
class _Sitting:
    """One question, from its beginning to its answer."""

    gate: MetricGate
    step: Ask
    order: Order
    began: float
    window: Window | None = None
    void: float = 0.0
    number: int = 0
    mended: list[str] = field(default_factory=list)
    judged: Judged | None = None
    seconds: float = 0.0
    told: float = float("-inf")
    said: tuple[object, ...] = ()

    def to_the_end(self) -> Outcome:
        while True:
            past = self.order.past()
            if past.approved:
                return self._outcome(f"approved by {past.approved}", Verdict.PASS)
            verdict = self._look(past)
            if verdict is Verdict.FAIL or (verdict is Verdict.PASS and self.seconds >= self.step.bake):
                return self._outcome(self._reason(), verdict)
            if self._lasted() >= self._longest() + self.gate.patience.wait:
                return self._outcome(self._open(), Verdict.INCONCLUSIVE)
            self._pause()

    def close(self) -> None:
        if self.window is not None:
            self.window.close()
            self.window = None

    def _look(self, past: Past) -> Verdict | None:
        """None while there is no window: hosts are changing or warming up."""
        now = self.gate.clock.now()
        if changed := self.gate.keeper.mend(self.step.sites, self.order):
            self.mended += changed
            self.void = now
        start = max(begins(self.step, past, self.gate.patience.warm_up), self.void)
        if self.window is not None and self.window.question.start < start:
            self.close()
        if start > now:
            self.seconds = 0.0
            self._tell_warming(start - now)
            return None
        if self.window is None:
            self.number = max(past.windows, self.number) + 1
            asked = question(self.step, self.gate.config, start, self.step.versus)
            again = all(one.restarted or not one.old for one in self.step.versus)
            self.window = Window.opened(self.gate.source, asked, self.number, restarted=again)
        self.judged, look = self.gate.look(self.gate.config, self.window, past)
        self.number, self.seconds = self.window.number, max(0.0, look.at - look.since)
        self.order.looked(look)
        self._tell(self.judged)
        return look.verdict

    def _pause(self) -> None:
        """Until the next look: soon at first, then a tenth of what was seen already."""
        until = self.gate.clock.monotonic() + min(self.gate.patience.every, max(1.0, self.seconds / 10))
        while (left := until - self.gate.clock.monotonic()) > 0:
            if self.order.past().approved:
                return
            if self.order.stopping():
                raise StepFailed("stopped while it was judged", where=self.step.about)
            self.gate.clock.sleep(min(POLL, left))

    def _lasted(self) -> float:
        return self.gate.clock.monotonic() - self.began

    def _longest(self) -> float:
        return max(self.gate.patience.longest, self.step.bake)

    def _outcome(self, note: str, verdict: Verdict) -> Outcome:
        said = "; ".join((note, *dict.fromkeys(self.mended)))
        return Outcome(said, verdict=verdict, judged=self.judged, source=self.gate.source.name)

    def _reason(self) -> str:
        return spoken.summary(self.judged.judgement) if self.judged else "nothing was measured"

    def _open(self) -> str:
        run = self.order.run
        return (
            f"no verdict after {spoken.lasting(self._lasted())}: {self._reason()}; "
            f"deployer approve {run} --reason … goes on, deployer abort {run} goes back"
        )

    def _tell_warming(self, left: float) -> None:
        why = "hosts are changing" if left == float("inf") else f"warming up, {spoken.lasting(left)}"
        self.order.tell(f"{self.step.about}: {why}{self._voided()}")

    def _tell(self, judged: Judged) -> None:
        """One line each time, and below it one for each metric when something changed, or once in a while."""
        said = judged.judgement
        left = self.step.bake - self.seconds
        late = self._lasted() - self._longest()
        when = f", {spoken.lasting(left)} to go" if left > 0 else ""
        waits = f"; waits for deployer approve or abort of {self.order.run}" if late >= 0 else ""
        line = f"{self.step.about}: {spoken.short(said, self.seconds)}{when}{self._voided()}{waits}"
        labels = (said.verdict, *((one.name, one.label) for one in said.metrics), *_complaints(judged))
        if labels != self.said or self._lasted() - self.told >= TOLD:
            self.said, self.told = labels, self._lasted()
            line = "\n".join((line, *spoken.lines(said, self.seconds)))
        self.order.tell(line)

    def _voided(self) -> str:
        return f"; not counted before: {self.mended[-1]}" if self.mended else ""


def _complaints(judged: Judged) -> tuple[str, ...]:
    """What is wrong with the data, without its numbers, which change at each look."""
    return tuple(dict.fromkeys(re.sub(r"\d+", "", fault.what) for fault in judged.data.faults))


def _tells_at_once(metric: MetricConfig) -> bool:
    return metric.kind is Kind.COUNTS and metric.critical and not metric.muted


def _still_there(past: Past) -> tuple[float, tuple[Versus, ...]]:
    """Since when shares are as they are, and who of those that were compared was not restarted since."""
    if past.passed is None:
        return 0.0, ()
    passed = past.passed

    def same(hosts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(host for host in hosts if past.restarted.get(host, 0.0) <= passed.at)

    left = tuple(replace(one, new=same(one.new), old=same(one.old)) for one in passed.step.versus)
    start = max((passed.at, *(past.shifted.get(one.site, 0.0) for one in left)))
    return start, tuple(one for one in left if one.new)
