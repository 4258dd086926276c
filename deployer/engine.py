"""Walks a plan: run, resume, undo

For each step: look and check the rules, write *begun*, perform, write *done* with what was observed. The *done*
of one step and the *begun* of the next are one transaction; a crash repeats at most one step, and verbs are idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from deployer.brake import Brake, Stopped
from deployer.diary import Diary, Journal
from deployer.errors import DeployerError, Overtaken, UsageError
from deployer.events import End, Ended, GoingBack, Planned, Record, Taken
from deployer.guard import Guard
from deployer.lane import Aborted, Lane, Numbered, Postponed
from deployer.model import Picture, Undo
from deployer.plan import Leg, Plan
from deployer.progress import StepId
from deployer.safety import prove
from deployer.steps import Drain, Readmit
from deployer.together import together
from deployer.undo import as_before, way_back
from deployer.world import World


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

    def run(self, run: str, plan: Plan, picture: Picture, reason: str = "") -> Ended:
        """Prove the plan, write it down, walk it.

        Raises:
            UnsafePlan: before anything is touched or written.
        """
        prove(plan, picture)
        diary = Diary(self.journal, run, self.epoch, self.listen)
        diary.write(Planned(self.owner, plan, picture, reason), Taken(self.owner, self.epoch))
        return self._walk(diary, picture)

    def resume(self, run: str) -> Ended:
        """Go on where the journal ends, forward or on the way back.

        Raises:
            UsageError: there is no such run, or it needs no going on.
        """
        diary = self._reopen(run)
        end = diary.progress.end
        if end is not None and end.end in (End.DONE, End.PUT_BACK):
            raise UsageError(f"run {run} has ended: {end.end.value}", remedy=f"deployer show {run}")
        return self._pick_up(diary)

    def undo(self, run: str, scope: Undo, why: str) -> Ended:
        """Put back what the run did, as far as `scope` says.

        Raises:
            UsageError: there is no such run.
        """
        diary = self._reopen(run)
        return self._pick_up(diary, scope, why)

    def _reopen(self, run: str) -> Diary:
        diary = Diary(self.journal, run, self.epoch, self.listen)
        if not diary.progress.lines:
            raise UsageError(f"there is no run {run}", remedy="deployer history")
        return diary

    def _pick_up(self, diary: Diary, scope: Undo | None = None, why: str = "") -> Ended:
        self.world.fleet.settle(diary.run)
        diary.write(Taken(self.owner, self.epoch))
        picture = self.world.eyes.look()
        if scope is not None:
            return self._turn_back(diary, scope, why)
        return self._walk(diary, picture)

    def _walk(self, diary: Diary, picture: Picture) -> Ended:
        guard = Guard(self.world.eyes, picture, diary.progress.plan.intent.floor)
        lane = Lane(self.world, diary, guard, self.brake, self.tell)
        try:
            for leg, stages in _numbered(diary.progress.walking):
                together([partial(lane.walk, stage) for stage in stages], leg.abreast, self.brake)
        except Overtaken as lost:
            return Ended(End.SUSPENDED, str(lost), f"deployer resume {diary.run}")
        except Stopped as stop:
            return self._end(diary, End.STOPPED, str(stop), f"deployer resume {diary.run}")
        except Postponed as waits:
            return self._end(diary, End.WAITING, str(waits), f"deployer resume {diary.run}")
        except Aborted as abort:
            return self._turn_back(diary, Undo.ALL, str(abort))
        except DeployerError as failure:
            return self._failed(diary, failure)
        return self._arrived(diary)

    def _failed(self, diary: Diary, failure: DeployerError) -> Ended:
        if self.brake.pulled:
            return self._end(diary, End.STOPPED, str(failure), f"deployer resume {diary.run}")
        if diary.progress.line > 0:
            return self._end(diary, End.HALF_WAY, f"the way back failed: {failure}", f"deployer show {diary.run}")
        return self._turn_back(diary, diary.progress.plan.intent.undo, str(failure))

    def _turn_back(self, diary: Diary, scope: Undo, why: str) -> Ended:
        now = self.world.eyes.look()
        back = way_back(diary.progress, scope, now)
        if back.plan.legs:
            diary.write(GoingBack(diary.progress.line + 1, back.plan, why))
            ended = self._walk(diary, now)
            return ended if not back.lost else replace(ended, note="; ".join((ended.note, *back.lost)))
        return self._arrived(diary, why=why, lost=back.lost)

    def _arrived(self, diary: Diary, why: str = "", lost: tuple[str, ...] = ()) -> Ended:
        """The line was walked to its end: compare the whole inventory with what was promised."""
        now = self.world.eyes.look()
        progress = diary.progress
        if progress.line == 0 and not why:
            wrong = _unkept(progress.plan, frozenset(progress.held), now)
            held = tuple(f"{host} is held out of the pool: {reason}" for host, reason in progress.held.items())
            if wrong:
                return self._end(diary, End.HALF_WAY, "; ".join(wrong), f"deployer show {diary.run}")
            return self._end(diary, End.DONE, "; ".join(held), "")
        differs = as_before(progress.picture or now, now)
        cause = why or progress.why_back
        if differs or lost:
            note = "; ".join((cause, *lost, *differs))
            return self._end(
                diary, End.HALF_WAY, note, f"deployer undo {diary.run} --all, or deployer show {diary.run}"
            )
        return self._end(diary, End.PUT_BACK, cause, "")

    def _end(self, diary: Diary, end: End, note: str, remedy: str) -> Ended:
        ended = Ended(end, note, remedy)
        try:
            diary.write(ended)
        except Overtaken as lost:
            return Ended(End.SUSPENDED, str(lost), f"deployer resume {diary.run}")
        return ended


def _numbered(plan: Plan) -> Iterator[tuple[Leg, list[Numbered]]]:
    number = 0
    for leg in plan.legs:
        stages: list[Numbered] = []
        for stage in leg.stages:
            stages.append(list(enumerate(stage.steps, number + 1)))
            number += len(stage.steps)
        yield leg, stages


def _unkept(plan: Plan, held: frozenset[str], now: Picture) -> tuple[str, ...]:
    """Where a host is not as the plan promised, judged from outside."""
    promised: dict[str, str | None] = {}
    for step in plan.steps:
        if isinstance(step, Readmit):
            promised.update(dict.fromkeys(step.hosts, step.release.version))
        elif isinstance(step, Drain):
            promised.update(dict.fromkeys(step.hosts))
    wrong = []
    for host, release in promised.items():
        seen = now.hosts.get(host)
        if host in held:
            continue
        if release is not None and (seen is None or not seen.in_service or seen.release != release):
            wrong.append(f"{host} does not serve {release} as promised")
        if release is None and (seen is None or not seen.idle):
            wrong.append(f"{host} is not out of the pool as promised")
    return tuple(wrong)
