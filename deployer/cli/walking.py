"""A run under way: the lock held, the story told, signals heard, the end reported"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Self

from deployer.brake import Brake
from deployer.cli import papers, say
from deployer.cli.beside import Beside
from deployer.cli.gauge import Gauge
from deployer.cli.meter import Meter
from deployer.cli.options import Acting, Papers
from deployer.cli.person import new_run, person
from deployer.cli.saved_plan import still_true
from deployer.cli.signals import braking
from deployer.cli.telling import Story, story
from deployer.cli.workplace import Workplace
from deployer.engine import Engine
from deployer.errors import DeployerError
from deployer.events import End, Ended, Record
from deployer.frozen import FREE, Terms
from deployer.heartbeat import Heartbeat
from deployer.keeper import Keeper
from deployer.lock import Lease
from deployer.model import Picture
from deployer.plan import Plan
from deployer.progress import Progress, fold
from deployer.report.account import Account, account
from deployer.report.json import account_json, dumps
from deployer.report.phrases import EXIT_CODES
from deployer.report.runbook import runbook
from deployer.report.text import ending
from deployer.settings.limits import limits


@dataclass(frozen=True, slots=True)
class Showing:
    """How the end is shown; `back`: the operator wanted everything put back, so that is success; `part`: not all."""

    papers: Papers
    as_json: bool = False
    verbose: int = 0
    back: bool = False
    part: bool = False

    @classmethod
    def of(cls, acting: Acting, *, back: bool = False, part: bool = False) -> Self:
        return cls(acting.papers, acting.as_json, acting.verbose, back, part)


def begin(  # noqa: PLR0917
    work: Workplace,
    plan: Plan,
    picture: Picture,
    why: str,
    showing: Showing,
    foretold: float | None = None,
    terms: Terms = FREE,
) -> int:
    """A new run under the lock; the exit code.

    Raises:
        LockHeld: somebody else is at work.
        Stale: the world moved since the picture was taken.
    """
    run = new_run(work.world.clock.now())
    with Beside(work) as beside, held(work, run, why) as hold:
        still_true(picture, work.world.eyes.look(), "the same command once more, to see the new plan")
        beside.begin(run, plan, why)
        ended = walk(work, run, lambda engine: engine.run(run, plan, picture, why, foretold, terms), hold, beside)
    return leave(report(work, run, ended, showing), hold[1])


def again(work: Workplace, run: str, act: Callable[[Engine], Ended], why: str, showing: Showing) -> int:
    """A run taken up again under the lock; the exit code."""
    papers.check(showing.papers)
    with Beside(work) as beside, held(work, run, why) as hold:
        ended = walk(work, run, act, hold, beside)
    return leave(report(work, run, ended, showing), hold[1])


@contextmanager
def held(work: Workplace, run: str, why: str) -> Iterator[tuple[Lease, Brake]]:
    """The lock while this holds, kept alive by a heartbeat; when it is lost the brake knows.

    Raises:
        LockHeld: somebody else has it.
    """
    lock, brake = work.books.lock, Brake()
    lease = lock.take(run, person(), why)
    try:
        with Heartbeat(lock, lease, on_lost=brake.lose):
            yield lease, brake
    finally:
        lock.release(lease)


def walk(work: Workplace, run: str, act: Callable[[Engine], Ended], hold: tuple[Lease, Brake], beside: Beside) -> Ended:
    """Let the engine act, told live and stoppable by signals."""
    lease, brake = hold
    meter = Meter(work.traffic)
    with (
        story(work.world.clock, str(work.ground.inventory)) as told,
        braking(brake, _hearing(told, work, run)),
        Keeper(work.traffic, lease.epoch, told.say, lambda splits: told.measured(meter.lines(splits))) as keeper,
        Gauge(work.traffic.answered, told.rated, work.world.clock) if say.lively() else nullcontext(),
    ):
        told.limited(limits(work.settings))
        for hears in (told, keeper, beside):
            hears.catch_up(work.books.records(run))
        beside.complain = told.say
        _calm(work, run, told)

        def listen(record: Record) -> None:
            keeper.hear(record)
            told.listen(record)
            beside.hear(record)

        engine = Engine(
            work.world, work.books.journal, brake, person(), lease.epoch, listen, told.tell, work.settings.rules
        )
        try:
            ended = act(engine)
        except DeployerError:
            raise  # refused before anything was done
        except Exception:
            told.say(f"run {run} is not lost: deployer resume {run} -i {work.ground.inventory}")
            raise
        finally:
            beside.complain = say.story
            if brake.at_once:
                beside.hurry()
            _calm(work, run, told)
    if ended.end is End.SUSPENDED:  # not ours to write any more, but to tell
        beside.hear(Record(0, run, work.world.clock.now(), ended))
    return ended


def _calm(work: Workplace, run: str, told: Story) -> None:
    """Faults that somebody injected end with the run, and when it is taken up again."""
    if fold(work.books.records(run)).injected:
        for line in work.traffic.calm():
            told.say(line)


def _hearing(told: Story, work: Workplace, run: str) -> Callable[[str, int], None]:
    def pulled(signal: str, count: int) -> None:
        again = f"deployer resume {run} -i {work.ground.inventory}"
        if count == 1:
            told.say(f"{signal}: finishing the step under way; once more stops at once. Later: {again}")
        else:
            told.say(f"{signal}: stopping at once. Later: {again}")

    return pulled


def report(work: Workplace, run: str, ended: Ended, showing: Showing) -> int:
    """Show the end and leave the papers; the exit code."""
    records = work.books.records(run)
    read = account(records)
    if read.end is None:  # suspended: what is not ours any more is not ours to write
        read = replace(read, end=ended)
    progress = fold(records)
    shown = runbook(progress.plan, progress.picture)
    written = papers.leave(showing.papers, read, runbook=shown, inventory=str(work.ground.inventory))
    code = 0 if _as_asked(progress, ended, showing) else EXIT_CODES[ended.end]
    _show(work, read, showing, code)
    for path in written:
        say.story(f"  report    {path}")
    return code


def _as_asked(progress: Progress, ended: Ended, showing: Showing) -> bool:
    """Everything was to be put back, and is; or a part of it, and that way back was walked to its end."""
    part = showing.part and ended.end is End.HALF_WAY and progress.line > 0 and progress.walked
    return showing.back and (ended.end is End.PUT_BACK or part)


def _show(work: Workplace, read: Account, showing: Showing, code: int) -> None:
    text = ending(read, inventory=str(work.ground.inventory), verbose=bool(showing.verbose))
    if showing.as_json:
        say.story(text.rstrip())
        say.result(dumps({**account_json(read), "exit_code": code}))
    else:
        say.result(text)


def leave(code: int, brake: Brake) -> int:
    """After a stop at once nothing is waited for: steps left in doubt may still have threads."""
    if brake.at_once:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
