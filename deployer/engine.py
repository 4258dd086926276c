"""Walks a plan: run, resume, undo

For each step: look and check the rules, write *begun*, perform, write *done* with what was observed. The *done*
of one step and the *begun* of the next are one transaction; a crash repeats at most one step, and verbs are idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from deployer.answers import Aborted, Postponed
from deployer.brake import Brake, Stopped
from deployer.diary import Diary, Journal
from deployer.errors import DeployerError, Overtaken, UsageError
from deployer.events import Approved, End, Ended, GoingBack, Planned, Record, Taken
from deployer.frozen import FREE, Terms
from deployer.guard import Guard
from deployer.lane import Lane, Numbered
from deployer.model import Picture, Undo
from deployer.plan import Leg, Plan
from deployer.progress import Progress, StepId, refuse_another, waiting_at
from deployer.promised import Comparison, back, forward
from deployer.rules import Rules
from deployer.safety import prove
from deployer.together import together
from deployer.undo import in_doubt, policy, way_back
from deployer.world import World

LOOKS = 3
"""How often the world is looked at in the end, a second apart, before it counts as not as promised."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One orchestrator's grip on a service.

    `epoch` is the lease's, `listen` hears every record as it is durable, `tell` each line about what a step waits for.
    """

    world: World
    journal: Journal
    brake: Brake
    owner: str
    epoch: int
    listen: Callable[[Record], None]
    tell: Callable[[StepId, str], None]
    rules: Rules = field(default_factory=Rules)

    def run(  # noqa: PLR0917
        self,
        run: str,
        plan: Plan,
        picture: Picture,
        reason: str = "",
        foretold: float | None = None,
        terms: Terms = FREE,
    ) -> Ended:
        """Prove the plan, write it down with the seconds it was foretold to take, walk it.

        Raises:
            UnsafePlan: before anything is touched or written.
        """
        prove(plan, picture)
        diary = Diary(self.journal, run, self.epoch, self.listen)
        planned = Planned(self.owner, plan, picture, reason, foretold, terms.bound)
        diary.write(planned, *terms.overrides, Taken(self.owner, self.epoch))
        return self._holding(diary, lambda: self._walk(diary, picture))

    def resume(self, run: str) -> Ended:
        """Go on where the journal ends, forward or on the way back.

        Raises:
            UsageError: there is no such run, or it needs no going on.
        """
        diary = self._reopen(run)
        end = diary.progress.end
        if end is not None and end.end in (End.DONE, End.PUT_BACK):
            raise UsageError(f"run {run} has ended: {end.end.value}", remedy=f"deployer show {run}")
        picture = self._take_up(diary)
        if diary.progress.line == 0 and diary.progress.failed:  # only the crash kept it from turning back
            failed = next(iter(diary.progress.failed.values()))
            why = f"{failed.where}: {failed.what}" if failed.where else failed.what
            return self._holding(diary, lambda: self._turn_back(diary, policy(diary.progress), why, failed.remedy))
        return self._holding(diary, lambda: self._walk(diary, picture))

    def promote(self, run: str, answer: Approved) -> Ended:
        """A person answers for the gate the run waits at, and it goes on.

        Raises:
            UsageError: there is no such run, or it does not wait at this gate (any more).
        """
        diary = self._reopen(run)
        refuse_another(waiting_at(diary.progress), answer)
        picture = self._take_up(diary)
        diary.write(answer)
        return self._holding(diary, lambda: self._walk(diary, picture))

    def undo(self, run: str, scope: Undo, why: str) -> Ended:
        """Put back what the run did, as far as `scope` says.

        Raises:
            UsageError: there is no such run.
        """
        diary = self._reopen(run)
        self._take_up(diary)
        return self._holding(diary, lambda: self._turn_back(diary, scope, why))

    def _reopen(self, run: str) -> Diary:
        diary = Diary(self.journal, run, self.epoch, self.listen)
        if not diary.progress.lines:
            raise UsageError(f"there is no run {run}", remedy="deployer history")
        return diary

    def _take_up(self, diary: Diary) -> Picture:
        self.world.fleet.settle(diary.run)
        diary.write(Taken(self.owner, self.epoch))
        return self.world.eyes.look()

    def _holding(self, diary: Diary, walk: Callable[[], Ended]) -> Ended:
        """Nothing is written any more once somebody else has taken over."""
        try:
            return walk()
        except Overtaken as lost:
            remedies = filter(None, dict.fromkeys((f"deployer resume {diary.run}", lost.remedy)))
            return Ended(End.SUSPENDED, _words(lost), ", or ".join(remedies))

    def _walk(self, diary: Diary, picture: Picture) -> Ended:
        progress = diary.progress
        guard = Guard(self.world.eyes, picture, progress.plan.intent, in_doubt(progress))
        lane = Lane(self.world, diary, guard, self.brake, self.tell, self.rules)
        try:
            self._walk_legs(lane, progress.walking)
        except Overtaken:
            raise
        except Stopped as stop:
            return self._end(diary, End.STOPPED, _words(stop), f"deployer resume {diary.run}")
        except Postponed as waits:
            return self._end(diary, End.WAITING, str(waits), waits.remedy)
        except Aborted as abort:
            return self._turn_back(diary, Undo.ALL, _words(abort))
        except DeployerError as failure:
            return self._failed(diary, failure)
        return self._arrived(diary)

    def _walk_legs(self, lane: Lane, plan: Plan) -> None:
        try:
            for leg, stages in _numbered(plan):
                together(_walks(lane, leg, stages), leg.abreast, self.brake, _gravest)
        finally:
            lane.forget()

    def _failed(self, diary: Diary, failure: DeployerError) -> Ended:
        if diary.progress.line == 0:
            return self._turn_back(diary, policy(diary.progress), _words(failure), failure.remedy)
        note = f"{diary.progress.why_back}; then the way back failed: {_words(failure)}"
        return self._end(diary, End.HALF_WAY, note, f"deployer resume {diary.run}, or deployer show {diary.run}")

    def _turn_back(self, diary: Diary, scope: Undo, why: str, remedy: str = "") -> Ended:
        try:
            now = self.world.eyes.look()
        except Overtaken:
            raise
        except DeployerError as blind:
            note = f"{why}; then looking failed, nothing was put back: {_words(blind)}"
            return self._end(diary, End.HALF_WAY, note, f"deployer undo {diary.run} --all")
        found = way_back(diary.progress, scope, now)
        if not found.plan.legs:
            return self._back_again(diary, why, found.lost, remedy)
        diary.write(GoingBack(diary.progress.line + 1, found.plan, why, found.lost))
        return self._walk(diary, now)

    def _arrived(self, diary: Diary) -> Ended:
        if diary.progress.line > 0:
            return self._back_again(diary, diary.progress.why_back, diary.progress.lost)
        seen = self._compared(diary, forward)
        if seen.broken:
            note = "; ".join((*seen.broken, *seen.notes))
            return self._end(
                diary, End.HALF_WAY, note, f"deployer show {diary.run}, or deployer undo {diary.run} --all"
            )
        return self._end(diary, End.DONE, "; ".join(seen.notes), _catch_up(diary.progress))

    def _back_again(self, diary: Diary, why: str, lost: tuple[str, ...], remedy: str = "") -> Ended:
        seen = self._compared(diary, back)
        note = "; ".join((why, *lost, *seen.broken, *seen.notes))
        if not seen.broken and not lost:
            return self._end(diary, End.PUT_BACK, note, remedy)
        on = f"deployer resume {diary.run}, or " if diary.progress.line == 0 else ""
        return self._end(diary, End.HALF_WAY, note, f"{on}deployer undo {diary.run} --all")

    def _compared(self, diary: Diary, compare: Callable[[Progress, Picture], Comparison]) -> Comparison:
        """The whole inventory as seen from outside, compared with what was promised."""
        found = Comparison()
        for look in range(LOOKS):
            if look:
                self.world.clock.sleep(1)
            try:
                found = compare(diary.progress, self.world.eyes.look())
            except Overtaken:
                raise
            except DeployerError as blind:
                found = Comparison((f"how it ended is not known, looking failed: {_words(blind)}",))
            if not found.broken:
                break
        return found

    def _end(self, diary: Diary, end: End, note: str, remedy: str) -> Ended:
        ended = Ended(end, note, remedy)
        diary.write(ended)
        return ended


def _catch_up(progress: Progress) -> str:
    """What brings hosts along that the run went on without, once they answer again."""
    if not progress.held:
        return ""
    return f"deployer deploy {progress.plan.intent.release.version} --limit {','.join(progress.held)}"


def _walks(lane: Lane, leg: Leg, stages: Sequence[Numbered]) -> list[Callable[[], None]]:
    """One after the other in one walk, each knows the next; or a walk for each of a window's."""
    walks = [stages] if leg.abreast == 1 else [(stage,) for stage in stages]
    return [partial(lane.walk, one) for one in walks]


def _numbered(plan: Plan) -> Iterator[tuple[Leg, list[Numbered]]]:
    number = 0
    for leg in plan.legs:
        stages: list[Numbered] = []
        for stage in leg.stages:
            stages.append(list(enumerate(stage.steps, number + 1)))
            number += len(stage.steps)
        yield leg, stages


def _gravest(failure: BaseException) -> int:
    """Of several lanes' failures: a bug, a lost lease, abort, a failed step, a wish to stop, a wait."""
    order = (Overtaken, Aborted, DeployerError, Stopped, Postponed)
    return next((n for n, kind in enumerate(order, 1) if isinstance(failure, kind)), 0)


def _words(failure: Exception) -> str:
    """One line: what happened and where; the remedy travels on its own."""
    cause = f" ({_words(failure.__cause__)})" if isinstance(failure.__cause__, DeployerError) else ""
    if isinstance(failure, DeployerError):
        return f"{failure.where}: {failure.what}" if failure.where else failure.what
    return f"{failure}{cause}"
