"""A run under a freeze holds before it takes more hosts out, or sends more users to a release"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deployer.answers import Postponed
from deployer.diary import Diary
from deployer.events import Event, OnHold
from deployer.frozen import freezes
from deployer.progress import Progress, StepId
from deployer.rules import Rules
from deployer.steps import Deploy, Drain, Shift, Step
from deployer.windows import Freeze
from deployer.world import Clock

_POLL, _TOLD = 1.0, 60.0


def raises(progress: Progress, number: int, steps: Sequence[tuple[int, Step]]) -> bool:
    """Whether step `number` of this stage begins something new: a wave, or more users for a release.

    Not what lowers a risk: a way back, a retreat of users, and the rest of a wave that has begun.
    """
    step = dict(steps)[number]
    if progress.line > 0 or not progress.bound:
        return False
    if isinstance(step, Shift):
        return not step.retreat and (0, number) not in progress.begun
    return isinstance(step, Drain | Deploy) and not any((0, other) in progress.begun for other, _ in steps)


@dataclass(frozen=True, slots=True)
class Hold:
    """`watch` is called while it holds: it raises when the run goes no further, and reads what others wrote."""

    diary: Diary
    clock: Clock
    rules: Rules
    tell: Callable[[StepId, str], None]
    watch: Callable[[int], None]

    @property
    def freeze(self) -> Freeze | None:
        """What holds the run now, that nobody has overridden."""
        found = freezes(self.diary.word, self.rules.windows, self.clock.now())
        return next((one for one in found if one.mark not in self.diary.progress.overrode), None)

    def until_lifted(self, number: int, unwritten: list[Event]) -> None:
        """Return when nothing holds the run any more.

        Raises:
            Postponed: it lasts longer than a run waits for it.
        """
        late = self.clock.monotonic() + self.rules.freeze_wait
        told, last = float("-inf"), ""
        while found := self.freeze:
            if found.mark != last:
                last = found.mark
                self.diary.write(*unwritten, OnHold(0, number, why(found), found.until))
                unwritten.clear()
            if self.clock.monotonic() >= late:
                raise Postponed(f"on hold: {why(found)}", f"deployer resume {self.diary.run}, when it is over")
            if self.clock.monotonic() - told >= _TOLD:
                told = self.clock.monotonic()
                self.tell((0, number), f"on hold: {why(found)}; deployer freeze")
            self.clock.sleep(_POLL)
            self.watch(number)


def why(freeze: Freeze) -> str:
    """`frozen by ann@ops1: errors at checkout`"""
    return f"frozen by {freeze.who}: {freeze.reason}" if freeze.who else f"frozen, {freeze.reason}"
