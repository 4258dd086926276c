"""Stages walked: check, begin, perform, done"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Lock

from deployer.answers import Aborted, Answers
from deployer.blame import alike
from deployer.brake import Brake, Stopped
from deployer.diary import Diary
from deployer.errors import DeployerError, Overtaken, StepFailed
from deployer.events import Begun, Done, Event, Failed, Held, Looked
from deployer.guard import Guard
from deployer.hold import Hold, raises
from deployer.model import Verdict
from deployer.past import past
from deployer.progress import StepId
from deployer.rules import Rules
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Step, Verify, hosts_of, verb
from deployer.world import Order, Outcome, World


class TooMany(StepFailed):
    """More hosts failed than the run may go on without."""


class FoundBad(StepFailed):
    """A gate's FAIL, with what it was reached from."""

    def __init__(self, outcome: Outcome, step: Ask) -> None:
        super().__init__(outcome.note, where=f"gate {step.gate}")
        self.outcome = outcome
        self.written = False


Numbered = Sequence[tuple[int, Step]]


@dataclass(slots=True)
class Lane:
    """Walks stages one after another; several threads may walk different stages of the same line."""

    world: World
    diary: Diary
    guard: Guard
    brake: Brake
    tell: Callable[[StepId, str], None]
    rules: Rules = field(default_factory=Rules)
    _leaving_out: Lock = field(default_factory=Lock)
    _prepared: dict[int, Order] = field(default_factory=dict)

    def walk(self, stages: Sequence[Numbered]) -> None:
        """Perform what is not done yet of stages that come right after each other, numbered over the whole plan."""
        unwritten: list[Event] = []
        for place, stage in enumerate(stages, 1):
            self._walk_stage(stage, stages[place] if place < len(stages) else (), unwritten)
        if unwritten:
            self.diary.write(*unwritten)

    def _walk_stage(self, steps: Numbered, following: Numbered, unwritten: list[Event]) -> None:
        """What came true and is not written yet goes with the next step's beginning, into `unwritten` until then."""
        todo = self._todo(steps)
        for place, (number, planned) in enumerate(todo):
            step = self._without_left_out(planned)
            self._may_go_on(unwritten)
            self._until_lifted(number, steps, unwritten)
            self._still_well(number, unwritten)
            self._begin(number, step, self._known(steps), unwritten)
            if isinstance(step, Drain):
                self._prepare(number, todo[place + 1 : place + 2])
            if isinstance(step, Deploy) and step.hosts:
                self._prepared.pop(number, None)
            outcome = self._perform(number, step)
            if isinstance(step, Deploy):
                self._prepare_early(steps, following)
            unwritten.append(Done(self.diary.progress.line, number, outcome))

    def forget(self) -> None:
        """What was prepared and did not come to its turn."""
        for number in tuple(self._prepared):
            self._forget(number)

    def _forget(self, number: int) -> None:
        if order := self._prepared.pop(number, None):
            self.world.fleet.forget(order)

    def _todo(self, steps: Numbered) -> Numbered:
        """What is left of the stage.

        After a pause verified hosts are verified again, and drained ones drained again if somebody put them back.
        """
        line, done = self.diary.progress.line, self.diary.progress.done
        left = {number: step for number, step in steps if (line, number) not in done}
        if not left or len(left) == len(steps):
            return list(left.items())
        return [(number, step) for number, step in steps if number in left or self._again(step, left.values())]

    def _again(self, step: Step, ahead: Collection[Step]) -> bool:
        if isinstance(step, Verify):
            return any(isinstance(other, Readmit) and set(other.hosts) & set(step.hosts) for other in ahead)
        if isinstance(step, Drain):
            deployed = any(isinstance(other, Deploy) and set(other.hosts) & set(step.hosts) for other in ahead)
            return deployed and self.guard.serving(step)
        return False

    def _without_left_out(self, step: Step) -> Step:
        return _without(step, self.diary.progress.left_out)

    def _until_lifted(self, number: int, steps: Numbered, unwritten: list[Event]) -> None:
        """Under a freeze nothing new begins, and what was started up for it is not kept waiting."""
        hold = Hold(self.diary, self.world.clock, self.rules, self.tell, self._watch)
        if raises(self.diary.progress, number, steps) and hold.freeze:
            for other, _ in steps:
                self._forget(other)
            hold.until_lifted(number, unwritten)

    def _may_go_on(self, unwritten: list[Event]) -> None:
        stop = self._stop()
        if stop is None:
            return
        if unwritten and not isinstance(stop, Overtaken):
            self.diary.write(*unwritten)
        raise stop

    def _still_well(self, number: int, unwritten: list[Event]) -> None:
        """What a gate let pass is watched on; when it turns out to be bad, that Ask has failed."""
        progress = self.diary.progress
        said = self.world.gates.between(self._order(number)) if progress.line == 0 else None
        passed = past(progress, number).passed if said else None
        if said is None or passed is None:
            return
        bad = FoundBad(said, passed.step)
        self.diary.write(*unwritten, self._failed(passed.number, bad))
        bad.written = True
        raise bad

    def _stop(self) -> Exception | None:
        """Why the run goes no further, if somebody wants that."""
        if self.brake.lost:
            return Overtaken(self.brake.lost)
        abort = self.diary.abort_asked() if self.diary.progress.line == 0 else None
        if abort:
            return Aborted(f"{abort.who} asked to abort{': ' if abort.reason else ''}{abort.reason}")
        return Stopped("stopped by the operator") if self.brake.pulled else None

    def _begin(self, number: int, step: Step, known: frozenset[str], unwritten: list[Event]) -> None:
        try:
            before = self.guard.check(step, known)
        except DeployerError as failure:
            self.diary.write(*unwritten, self._failed(number, failure))
            raise
        split = self.guard.split(step.scope) if isinstance(step, Shift) else None
        self.diary.write(*unwritten, Begun(self.diary.progress.line, number, before, split))
        unwritten.clear()

    def _known(self, steps: Numbered) -> frozenset[str]:
        """Hosts of the stage of which it is written down how they were."""
        line, begun = self.diary.progress.line, self.diary.progress.begun
        written = (begun.get((line, number)) for number, _ in steps)
        return frozenset(seen.host for one in written if one for seen in one.before if seen.release)

    def _prepare(self, drain: int, ahead: Numbered) -> None:
        """Deploy's start-up goes on while the hosts drain."""
        for number, planned in ahead:
            step = self._without_left_out(planned)
            if isinstance(step, Deploy) and step.hosts and number not in self._prepared:
                self._prepared[number] = self._order(number)
                try:
                    self.world.fleet.prepare(step, self._prepared[number])
                except DeployerError as failure:
                    self.diary.write(self._failed(drain, failure))
                    raise

    def _prepare_early(self, steps: Numbered, following: Numbered) -> None:
        """The next stage's Deploy starts up while this one's hosts are verified and return; no gate lies between."""
        done, line = self.diary.progress.done, self.diary.progress.line
        asks = any(isinstance(step, Ask) for _, step in steps)
        for number, planned in following:
            step = self._without_left_out(planned)
            if isinstance(step, Deploy) and step.hosts and not asks and (line, number) not in done:
                if number in self._prepared:
                    return
                with suppress(DeployerError):  # it is tried again when its hosts are drained
                    self.world.fleet.prepare(step, self._order(number))
                    self._prepared[number] = self._order(number)
                return

    def _order(self, number: int) -> Order:
        step = (self.diary.progress.line, number)
        return Order(
            self.diary.run,
            self.diary.epoch,
            f"{step[0]}-{step[1]}",
            lambda line: self.tell(step, line),
            self._stopping,
            lambda: past(self.diary.progress, number),
            lambda look: self.diary.write(Looked(*step, look)),
        )

    def _stopping(self) -> bool:
        """Asked often, while a verb waits: a store that does not answer now is no reason to leave a step half done."""
        try:
            return self._stop() is not None
        except DeployerError:
            return self.brake.pulled

    def _perform(self, number: int, step: Step) -> Outcome:
        """Make it true, for all hosts but those that the run may go on without."""
        try:
            outcome = self._act(number, step)
            failed = self._judge(step, outcome)
        except DeployerError as failure:
            stop = self._stop()
            if stop is not None and not isinstance(failure, Overtaken):
                raise stop from failure
            ill = () if isinstance(failure, TooMany) else _whose(step, failure)
            if self._may_leave_out(step, ill, failure.what):
                return self._perform(number, _without(step, ill))
            if not isinstance(failure, Overtaken) and not (isinstance(failure, FoundBad) and failure.written):
                self.diary.write(self._failed(number, failure))
            raise
        self.guard.became_true(_without(step, failed))
        return outcome

    def _failed(self, number: int, failure: DeployerError) -> Failed:
        said = failure.outcome if isinstance(failure, FoundBad) else None
        return Failed(self.diary.progress.line, number, failure.what, failure.where, failure.remedy, said)

    def _judge(self, step: Step, outcome: Outcome) -> tuple[str, ...]:
        """Whether the outcome lets the run go on.

        Returns:
            The hosts it goes on without.
        """
        if isinstance(step, Ask) and outcome.verdict is Verdict.FAIL:
            raise FoundBad(outcome, step)
        failed = tuple(host.host for host in outcome.failed)
        if failed:
            notes = "; ".join(dict.fromkeys(host.note for host in outcome.failed if host.note))
            if not self._may_leave_out(step, failed, notes):
                said = (notes or f"{verb(step)} failed", self._bad_release(step, failed, notes))
                raise TooMany("; ".join(filter(None, said)), where=", ".join(failed))
        return failed

    def _bad_release(self, step: Step, failed: Collection[str], why: str) -> str:
        """Words for it when so many hosts failed in this way that it is the release; "" when not."""
        progress = self.diary.progress
        enough = progress.plan.intent.bad_release_after
        hosts = alike(progress.held, failed, _left_out(step, why))
        if progress.line > 0 or not enough or len(hosts) < enough or not isinstance(step, Deploy | Verify):
            return ""
        return f"{', '.join(hosts)} failed the same way: it is the release, not the hosts"

    def _may_leave_out(self, step: Step, failed: Collection[str], why: str) -> bool:
        """Let the run go on without these hosts, and write that down.

        Forward within the budget, only where they are idle or untouched then, and while it is not the release. On the
        way back when they were out anyway or others of the step are left: a dead host must not keep others from going
        back, but a release before that nowhere works must not take host after host out of service.
        """
        hosts = tuple(host for host in hosts_of(step) if host in failed)
        with self._leaving_out:
            progress = self.diary.progress
            if progress.line > 0:
                may = self.guard.were_out(hosts) or len(hosts) < len(hosts_of(step))
            else:
                spent = len({*progress.held, *hosts})
                may = isinstance(step, Fetch | Deploy | Verify) and spent <= progress.plan.intent.budget
                may = may and not self._bad_release(step, hosts, why)
            if hosts and may:
                self.diary.write(Held(hosts, _left_out(step, why)))
            return bool(hosts) and may

    def _act(self, number: int, step: Step) -> Outcome:
        order = self._order(number)
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
                return self._ask(number, step, order)

    def _ask(self, number: int, step: Ask, order: Order) -> Outcome:
        """What the gate says, or a person where it has no verdict."""
        answers = Answers(self.diary, self.world.clock, self.rules.approvals, self.tell, self._watch)
        if given := answers.given(number):
            return given
        said = self.world.gates.ask(step, order)
        return said if said.verdict in (Verdict.PASS, Verdict.FAIL) else answers.awaited(number, step, said)

    def _watch(self, number: int) -> None:
        """While nothing is done: somebody may want to stop, and what was let pass may turn out to be bad."""
        self._may_go_on([])
        self._still_well(number, [])


def _left_out(step: Step, why: str) -> str:
    return f"{verb(step)}: {why}" if why else f"{verb(step)} failed"


def _whose(step: Step, failure: DeployerError) -> tuple[str, ...]:
    """The hosts of the step that a failure names; a machine that does not answer is named by where it happened."""
    named = (*failure.hosts, failure.where) if isinstance(failure, StepFailed) else ()
    return tuple(host for host in hosts_of(step) if host in named)


def _without(step: Step, hosts: Collection[str]) -> Step:
    if not hosts or isinstance(step, Shift):
        return step
    return replace(step, hosts=tuple(host for host in step.hosts if host not in hosts))
