"""The desk: hands each question to the gate it names"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from deployer.errors import StepFailed
from deployer.model import Verdict
from deployer.steps import Ask
from deployer.world import Order, Outcome


class Gate(Protocol):
    def ask(self, step: Ask, order: Order) -> Outcome: ...


@runtime_checkable
class Watcher(Gate, Protocol):
    """A gate that also looks while nobody asks: at what it let pass last."""

    def between(self, order: Order) -> Outcome | None: ...


@dataclass(frozen=True, slots=True)
class Desk:
    gates: Mapping[str, Gate]

    def ask(self, step: Ask, order: Order) -> Outcome:
        gate = self.gates.get(step.gate)
        if gate is None:
            known = ", ".join(sorted(self.gates)) or "none"
            raise StepFailed(f"there is no gate {step.gate!r}; known: {known}", where=step.about)
        return gate.ask(step, order)

    def between(self, order: Order) -> Outcome | None:
        passed = order.past().passed
        gate = self.gates.get(passed.step.gate) if passed else None
        return gate.between(order) if isinstance(gate, Watcher) else None


class Person:
    """Waits for somebody: no verdict until a person promotes the run (an Approved record answers for it)."""

    def ask(self, step: Ask, order: Order) -> Outcome:
        return Outcome(
            f"{step.about}; deployer promote {order.run} goes on, deployer abort {order.run} goes back",
            verdict=Verdict.INCONCLUSIVE,
        )
