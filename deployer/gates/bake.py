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
    """What the balancers of the asked sites counted for one release since they started: answers, and failed ones."""

    requests: int = 0
    failed: int = 0

    def since(self, earlier: Counts) -> Counts:
        """The difference; a balancer that was reloaded meanwhile counts from 0 again."""
        if self.requests < earlier.requests or self.failed < earlier.failed:
            return self
        return Counts(self.requests - earlier.requests, self.failed - earlier.failed)

    @property
    def share(self) -> float:
        return self.failed / self.requests if self.requests else 0.0

    def __str__(self) -> str:
        return f"{self.failed} of {self.requests} requests failed"


class Counters(Protocol):
    def counts(self, sites: Sequence[str]) -> Mapping[str, Counts]:
        """Counts per release."""


@dataclass(frozen=True, slots=True)
class Bake:
    """FAIL as soon as the release fails `bound` (0..1) more of its requests than the others do, and at least
    `at_least` requests; PASS when the time is over.
    """

    counters: Counters
    clock: Clock
    bound: float = 0.01
    at_least: int = 5

    def ask(self, step: Ask, order: Order) -> Outcome:
        start = self.clock.monotonic()
        before = self.counters.counts(step.sites)
        while True:
            judged, others = self._since(step, before)
            if judged.failed >= self.at_least and judged.share > others.share + self.bound:
                return Outcome(f"{step.release}: {judged}; of the others {others}", verdict=Verdict.FAIL)
            left = step.bake - (self.clock.monotonic() - start)
            if left <= 0:
                return Outcome(
                    f"{step.release} baked {step.bake:g} s: {judged}; of the others {others}", verdict=Verdict.PASS
                )
            if order.stopping():
                raise StepFailed("stopped while baking", where=step.about)
            order.tell(f"{step.about}: {left:.0f} s to go, {judged}")
            self.clock.sleep(min(POLL, left))

    def _since(self, step: Ask, before: Mapping[str, Counts]) -> tuple[Counts, Counts]:
        judged, others = Counts(), Counts()
        for release, now in self.counters.counts(step.sites).items():
            gone = now.since(before.get(release, Counts()))
            if release == step.release:
                judged = gone
            else:
                others = Counts(others.requests + gone.requests, others.failed + gone.failed)
        return judged, others
