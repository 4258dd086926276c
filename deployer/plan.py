"""A straight line of stages: print it, store it, walk it, undo it"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deployer.model import Intent, Undo
from deployer.steps import Step


@dataclass(frozen=True, slots=True)
class Stage:
    """The smallest unit that is undone together; `site` is "" when it belongs to no single site."""

    name: str
    site: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Leg:
    """Stages walked in order, up to `abreast` of them at the same time (a sliding window).

    `undo` says how far to go back when one of them fails, where that differs from the intent's policy.
    """

    name: str
    site: str
    stages: tuple[Stage, ...]
    abreast: int = 1
    undo: Undo | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, in order; steps are numbered from 1 over all legs."""

    intent: Intent
    legs: tuple[Leg, ...]

    def walk(self) -> Iterator[tuple[int, Leg, Stage, Step]]:
        number = 0
        for leg in self.legs:
            for stage in leg.stages:
                for step in stage.steps:
                    number += 1
                    yield number, leg, stage, step

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for *_, step in self.walk())

    @property
    def numbered(self) -> dict[int, Step]:
        """From 1."""
        return dict(enumerate(self.steps, 1))

    def stage_of(self, number: int) -> Stage:
        return next(stage for one, _, stage, _ in self.walk() if one == number)

    @property
    def stages(self) -> tuple[Stage, ...]:
        return tuple(stage for leg in self.legs for stage in leg.stages)
