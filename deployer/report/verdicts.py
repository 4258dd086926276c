"""What a run's gates said, question by question, as values: read from its progress"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deployer.gates.judge.data import Counts, Side
from deployer.gates.judge.judgement import Judged
from deployer.model import Verdict
from deployer.progress import Progress
from deployer.steps import Ask
from deployer.world import Look

ERRORS = "error_rate"
"""The ready metric that counts what users saw fail."""


@dataclass(frozen=True, slots=True)
class VerdictAccount:
    """The Ask `number` of plan `line`: what was said last, from what, and all looks before; `approved` by whom."""

    line: int
    number: int
    step: Ask
    verdict: Verdict | None
    note: str
    judged: Judged | None
    looks: tuple[Look, ...]
    approved: str = ""
    source: str = ""

    @property
    def seconds(self) -> float:
        """How long the window lasted that was judged last."""
        return max(0.0, self.looks[-1].at - self.looks[-1].since) if self.looks else 0.0

    @property
    def failed(self) -> tuple[int, int]:
        """How many of how many requests to the release failed in the window that was judged last."""
        return _failed(self.judged.data.canary) if self.judged else (0, 0)

    @property
    def former_failed(self) -> tuple[int, int]:
        """The same of the former release, in the same time."""
        return _failed(self.judged.data.baseline) if self.judged else (0, 0)


def _failed(sides: Iterable[Side]) -> tuple[int, int]:
    found = [metric for side in sides if isinstance(metric := side.metrics.get(ERRORS), Counts)]
    return sum(one.bad for one in found), sum(one.total for one in found)


def verdicts(progress: Progress) -> Iterator[VerdictAccount]:
    """Of every question that was begun and compares two sides."""
    for line, plan in enumerate(progress.lines):
        for number, _, _, step in plan.walk():
            if isinstance(step, Ask) and step.versus and (line, number) in progress.begun:
                yield _verdict(progress, line, number, step)


def _verdict(progress: Progress, line: int, number: int, step: Ask) -> VerdictAccount:
    said, person = progress.answers.get((line, number)), progress.approved.get((line, number))
    looks = tuple(progress.looks.get((line, number), ()))
    return VerdictAccount(
        line=line,
        number=number,
        step=step,
        verdict=said.verdict if said else None,
        note=said.note if said else "",
        judged=said.judged if said else None,
        looks=looks,
        source=said.source if said else "",
        approved=f"{person.who}{': ' if person.reason else ''}{person.reason}" if person else "",
    )
