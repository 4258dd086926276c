"""Bake: give a release its time under users, and fail it on what the balancers see go wrong"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from deployer.errors import StepFailed
from deployer.model import Verdict
from deployer.steps import Ask
from deployer.world import Clock, Order, Outcome

POLL = 0.5
"""Seconds between two looks at the balancers."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a balancer counted for one release since its worker started: answers, and failed ones."""

    requests: int = 0
    failed: int = 0

    def since(self, earlier: Counts) -> Counts:
        """The difference; a balancer that was reloaded meanwhile counts from 0 again."""
        if self.requests < earlier.requests or self.failed < earlier.failed:
            return self
        return Counts(self.requests - earlier.requests, self.failed - earlier.failed)

    def plus(self, more: Counts) -> Counts:
        return Counts(self.requests + more.requests, self.failed + more.failed)

    @property
    def share(self) -> float:
        return self.failed / self.requests if self.requests else 0.0

    def __str__(self) -> str:
        return f"{self.failed} of {self.requests} requests failed"


_Told = Mapping[tuple[str, str], Counts]


class Counters(Protocol):
    def counts(self, sites: Sequence[str]) -> _Told:
        """Counts per (balancer, release); a silent balancer is not in it."""

    def mend(self, sites: Sequence[str], order: Order) -> Sequence[str]:
        """Set again what somebody else changed of the split that is baked; sentences on it."""


@dataclass(frozen=True, slots=True)
class Bake:
    """Time under users.

    FAIL as soon as the release fails `bound` (0..1) more of its requests than the others do, and at least `at_least`
    requests; PASS when the time is over, INCONCLUSIVE when a balancer was silent then. Meanwhile the split is kept.
    """

    counters: Counters
    clock: Clock
    bound: float = 0.01
    at_least: int = 5
    reached: int = 0
    """So many requests of the others and none of the judged mean that nobody reaches it; 0: never."""

    def ask(self, step: Ask, order: Order) -> Outcome:
        start = self.clock.monotonic()
        before = self.counters.counts(step.sites)
        mended: list[str] = []
        while True:
            mended += self.counters.mend(step.sites, order)
            now = self.counters.counts(step.sites)
            judged, others = _since(step.release, before, now)
            said = "; ".join((f"{step.release}: {judged}; of the others {others}", *dict.fromkeys(mended)))
            if judged.failed >= self.at_least and judged.share > others.share + self.bound:
                return Outcome(said, verdict=Verdict.FAIL)
            left = step.bake - (self.clock.monotonic() - start)
            if left <= 0 and self.reached and others.requests >= self.reached and not judged.requests:
                return Outcome(f"{said}; nobody reaches {step.release}", verdict=Verdict.INCONCLUSIVE)
            if left <= 0:
                return _over(said, sorted({balancer for balancer, _ in before} - {balancer for balancer, _ in now}))
            if order.stopping():
                raise StepFailed("stopped while baking", where=step.about)
            order.tell(f"{step.about}: {left:.0f} s to go, {judged}{f'; {mended[-1]}' if mended else ''}")
            self.clock.sleep(min(POLL, left))


def _since(release: str, before: _Told, now: _Told) -> tuple[Counts, Counts]:
    """What was counted meanwhile for the release, and for the others."""
    judged, others = Counts(), Counts()
    for key, count in now.items():
        gone = count.since(before.get(key, Counts()))
        if key[1] == release:
            judged = judged.plus(gone)
        else:
            others = others.plus(gone)
    return judged, others


def _over(said: str, silent: Sequence[str]) -> Outcome:
    if silent:
        return Outcome(f"{said}; no answer from {', '.join(silent)}", verdict=Verdict.INCONCLUSIVE)
    return Outcome(said, verdict=Verdict.PASS)
