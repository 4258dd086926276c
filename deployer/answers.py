"""A gate that has no verdict waits for a person, until the default action is due"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from deployer.diary import Diary
from deployer.events import Approved, Undecided
from deployer.model import Verdict
from deployer.progress import StepId
from deployer.rules import Approvals, Then
from deployer.steps import Ask
from deployer.world import Clock, Outcome

NOBODY = "nobody"
"""Who approves when the time is over and deployer.yml says `promote`."""
_POLL, _TOLD = 1.0, 60.0


class Aborted(Exception):
    """Stop and put everything back: the operator asked for it, or nobody answered in time."""


class Postponed(Exception):
    """The run waits: `remedy` says for what."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Answers:
    """`watch` is called while a person is waited for: it raises when the run goes no further."""

    diary: Diary
    clock: Clock
    rules: Approvals
    tell: Callable[[StepId, str], None]
    watch: Callable[[int], None]

    def given(self, number: int) -> Outcome | None:
        """The answer that is written down already, or is due by now.

        Raises:
            Aborted: nobody answered in time, and that is the default.
        """
        progress, step = self.diary.progress, (self.diary.progress.line, number)
        if approved := progress.approved.get(step):
            return Outcome(f"approved by {approved.who}", verdict=Verdict.PASS)
        due = self._due(step)
        if due is None or self.clock.now() < due or self.rules.then is Then.HOLD:
            return None
        late = f"nobody answered within {self.rules.timeout:g} s"
        if self.rules.then is Then.ABORT:
            raise Aborted(late)
        self.diary.write(Approved(*step, NOBODY, f"{late}: approvals.then is promote"))
        return Outcome(f"{late}: it goes on", verdict=Verdict.PASS)

    def awaited(self, number: int, step: Ask, said: Outcome) -> Outcome:
        """A person's answer to what the gate could not say.

        Raises:
            Postponed: none came while the orchestrator stays for it.
            Aborted: nobody answered in time, and that is the default.
        """
        asked = (self.diary.progress.line, number)
        self.diary.write(Undecided(*asked, said))
        late, told = self.clock.monotonic() + self.rules.stays, float("-inf")
        while (answer := self.given(number)) is None:
            if self.clock.monotonic() >= late or self._in_vain(asked):
                run = self.diary.run
                remedy = f"deployer approve {run} --reason TEXT, or deployer resume {run}"
                raise Postponed(f"gate {step.gate}: {said.note}{self._then(asked)}", remedy)
            if self.clock.monotonic() - told >= _TOLD:
                told = self.clock.monotonic()
                self.tell(asked, f"{step.about or step.gate}: waits for a person{self._then(asked)}")
            self.clock.sleep(_POLL)
            self.watch(number)
        return answer

    def _due(self, step: StepId) -> float | None:
        asked = self.diary.progress.asked_at.get(step)
        return None if asked is None else self.rules.deadline(asked)

    def _in_vain(self, step: StepId) -> bool:
        due = self._due(step)
        return due is not None and self.clock.now() >= due

    def _then(self, step: StepId) -> str:
        """`; abort at 16:10:05 UTC`"""
        due = self._due(step)
        if due is None or self.rules.then is Then.HOLD:
            return ""
        return f"; {self.rules.then.value} at {datetime.fromtimestamp(due, UTC):%H:%M:%S} UTC"
