"""One stage walked: check, begin, perform, done"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

from deployer.brake import Brake, Stopped
from deployer.diary import Diary
from deployer.errors import DeployerError, Overtaken, StepFailed
from deployer.events import Begun, Done, Event, Failed, Held
from deployer.guard import Guard
from deployer.model import HostSeen, Verdict
from deployer.progress import StepId
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Step, Verify, verb
from deployer.world import Order, Outcome, World


class Aborted(Exception):
    """The operator asked to stop and put everything back."""


class Postponed(Exception):
    """A gate has no verdict yet."""


Numbered = Sequence[tuple[int, Step]]


@dataclass(slots=True)
class Lane:
    """Walks stages one after another; several threads may walk different stages of the same line."""

    world: World
    diary: Diary
    guard: Guard
    brake: Brake
    tell: Callable[[StepId, str], None]
    _checking: Lock = field(default_factory=Lock)

    def walk(self, steps: Numbered) -> None:
        """Perform what is not done yet; `steps` are one stage's, numbered over the whole plan."""
        todo = self._todo(steps)
        unwritten: list[Event] = []
        prepared: Order | None = None
        try:
            for place, (number, planned) in enumerate(todo):
                step = self._without_held(planned)
                self._may_go_on(unwritten)
                self._begin(number, step, unwritten)
                if isinstance(step, Drain):
                    prepared = self._prepare(todo[place + 1 :])
                outcome = self._perform(number, step)
                if isinstance(step, Deploy):
                    prepared = None
                unwritten.append(Done(self.diary.progress.line, number, outcome))
            if unwritten:
                self.diary.write(*unwritten)
        finally:
            if prepared is not None:
                self.world.fleet.forget(prepared)

    def _prepare(self, ahead: Numbered) -> Order | None:
        """Deploy's start-up goes on while the hosts drain."""
        for number, planned in ahead[:1]:
            step = self._without_held(planned)
            if isinstance(step, Deploy) and step.hosts:
                order = self._order(number)
                self.world.fleet.prepare(step, order)
                return order
        return None

    def _todo(self, steps: Numbered) -> Numbered:
        """What is left of the stage.

        After a pause verified hosts are verified again, and drained ones drained again if somebody put them back.
        """
        line, done = self.diary.progress.line, self.diary.progress.done
        left = [number for number, _ in steps if (line, number) not in done]
        if not left or len(left) == len(steps):
            return [(number, step) for number, step in steps if number in left]
        return [(number, step) for number, step in steps if number in left or self._again(step, steps, left)]

    def _again(self, step: Step, steps: Numbered, left: Sequence[int]) -> bool:
        ahead = [other for number, other in steps if number in left]
        if isinstance(step, Verify):
            return any(isinstance(other, Readmit) and set(other.hosts) & set(step.hosts) for other in ahead)
        if isinstance(step, Drain):
            return any(isinstance(other, Deploy) for other in ahead) and self.guard.serving(step)
        return False

    def _without_held(self, step: Step) -> Step:
        progress = self.diary.progress
        return _without(step, progress.held if progress.line == 0 else ())

    def _may_go_on(self, unwritten: list[Event]) -> None:
        if self.brake.lost:
            raise Overtaken(self.brake.lost)
        abort = self.diary.abort_asked() if self.diary.progress.line == 0 else None
        if not (self.brake.pulled or abort):
            return
        self.diary.write(*unwritten)
        unwritten.clear()
        if abort:
            raise Aborted(f"{abort.who} asked to abort{': ' if abort.reason else ''}{abort.reason}")
        raise Stopped("stopped after the step that was under way")

    def _begin(self, number: int, step: Step, unwritten: list[Event]) -> None:
        line = self.diary.progress.line
        with self._checking:
            try:
                before = self.guard.check(step, known=self._known(line, step))
            except DeployerError as failure:
                self.diary.write(*unwritten)
                self._write_failed(number, failure)
                raise
            split = self.guard.split(step.scope) if isinstance(step, Shift) else None
            self.diary.write(*unwritten, Begun(line, number, before, split))
        unwritten.clear()

    def _known(self, line: int, step: Step) -> frozenset[str]:
        if not isinstance(step, Deploy):
            return frozenset()
        begun: tuple[HostSeen, ...] = tuple(
            seen for (of, _), one in self.diary.progress.begun.items() if of == line for seen in one.before
        )
        return frozenset(seen.host for seen in begun if seen.release)

    def _order(self, number: int) -> Order:
        step = (self.diary.progress.line, number)
        return Order(
            self.diary.run,
            self.diary.epoch,
            f"{step[0]}-{step[1]}",
            lambda line: self.tell(step, line),
            lambda: self.brake.pulled,
        )

    def _perform(self, number: int, step: Step) -> Outcome:
        """Make it true, for all hosts but those that the budget lets fail."""
        try:
            outcome = self._act(step, self._order(number))
            held = self._judge(step, outcome)
        except DeployerError as failure:
            if not isinstance(failure, Overtaken) and not self.brake.pulled:
                self._write_failed(number, failure)
            raise
        finally:
            self.guard.ended(step)
        self.guard.became_true(_without(step, held))
        if held:
            self.diary.write(Held(held, f"{verb(step)}: {outcome.failed[0].note}"))
        return outcome

    def _write_failed(self, number: int, failure: DeployerError) -> None:
        line = self.diary.progress.line
        self.diary.write(Failed(line, number, failure.what, failure.where, failure.remedy))

    def _judge(self, step: Step, outcome: Outcome) -> tuple[str, ...]:
        """Whether the outcome lets the run go on.

        Returns:
            The hosts it goes on without.
        """
        if isinstance(step, Ask) and outcome.verdict is Verdict.FAIL:
            raise StepFailed(outcome.note, where=f"gate {step.gate}")
        if isinstance(step, Ask) and outcome.verdict is not Verdict.PASS:
            raise Postponed(f"gate {step.gate}: {outcome.note}")
        failed = tuple(host.host for host in outcome.failed)
        if failed and not self._within_budget(step, failed):
            notes = "; ".join(dict.fromkeys(host.note for host in outcome.failed)) or f"{verb(step)} failed"
            raise StepFailed(notes, where=", ".join(failed), hosts=failed)
        return failed

    def _within_budget(self, step: Step, failed: tuple[str, ...]) -> bool:
        """Hosts may fail to fetch, deploy or verify: they are idle then, or untouched. Never on the way back."""
        progress = self.diary.progress
        spent = len({*progress.held, *failed})
        return progress.line == 0 and isinstance(step, Fetch | Deploy | Verify) and spent <= progress.plan.intent.budget

    def _act(self, step: Step, order: Order) -> Outcome:
        if not isinstance(step, Shift | Ask) and not step.hosts:
            return Outcome("nobody left in this stage")
        match step:
            case Fetch():
                return self.world.fleet.fetch(step, order)
            case Drain():
                return self.world.traffic.drain(step, order)
            case Deploy():
                return self.world.fleet.deploy(step, order)
            case Verify():
                return self.world.probe.verify(step, order)
            case Readmit():
                return self.world.traffic.readmit(step, order)
            case Shift():
                return self.world.traffic.shift(step, order)
            case Ask():
                return self.world.gates.ask(step, order)


def _without(step: Step, hosts: Collection[str]) -> Step:
    if not hosts or isinstance(step, Shift | Ask):
        return step
    return replace(step, hosts=tuple(host for host in step.hosts if host not in hosts))
