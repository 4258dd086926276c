"""The operator's hooks of a run: one thread calls them in turn beside it, what came of each is written down"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Self

from deployer.errors import DeployerError, Refused
from deployer.events import Begun, Called, Done, End, Ended, Failed, Planned, Record, Undecided
from deployer.hooks import Call, Facts, Hooks, played
from deployer.plan import Plan
from deployer.progress import Progress

Stages = dict[int, tuple[str, range]]
"""Of each step, by its number: the name of its stage, and the numbers of all its steps."""
_OVER = (End.DONE, End.PUT_BACK, End.HALF_WAY)


class RunHooks:
    """From `with` to its end, which waits for what was called until its time is over, unless `hurried`.

    `write` puts a record into the run's journal; what it raises hurts nobody.
    """

    def __init__(self, hooks: Hooks, write: Callable[[str, Called], None]) -> None:
        self.hurried = False
        self._hooks, self._write = hooks, write
        self._progress = Progress()
        self._stage = ""
        self._stages: list[Stages] = []
        self._before: list[Called] = []
        self._queue: SimpleQueue[Callable[[], Called] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="hooks of the run", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._queue.put(None)
        if not self.hurried:
            self._thread.join()

    def begin(self, facts: Facts) -> None:
        """Those before the run, one after the other.

        Raises:
            Refused: a required one failed.
        """
        for hook in self._hooks.at.get("before_run", ()):
            called = self._played(Call("", "before_run", hook), facts)
            if called.wrong and hook.required:
                raise Refused(called.wrong, where=f"hook before_run ({hook})", remedy="mend what it found, then again")
            self._before.append(called)

    def catch_up(self, records: Iterable[Record]) -> None:
        for record in records if self._hooks.at else ():
            self._apply(record)

    def hear(self, record: Record) -> None:
        """Never waits."""
        if not self._hooks.at:
            return
        self._apply(record)
        if isinstance(record.event, Planned):
            for called in self._before:
                self._queue.put(partial(_known, called))
        for point, facts in self._points(record):
            for hook in self._hooks.at.get(point, ()):
                self._queue.put(partial(self._played, Call("", point, hook), facts))

    def _apply(self, record: Record) -> None:
        self._progress.apply(record)
        self._stages += [_stages(plan) for plan in self._progress.lines[len(self._stages) :]]

    def _points(self, record: Record) -> Iterator[tuple[str, Facts]]:
        match record.event:
            case Begun() as one:
                stage = self._stage_of(one.line, one.number)
                if stage != self._stage:
                    self._stage = stage
                    yield "before_stage", self._facts(stage=stage)
            case Done() as one if self._whole(one.line, one.number):
                yield "after_stage", self._facts(stage=self._stage_of(one.line, one.number))
            case Undecided() as one:
                yield "waiting", self._facts(note=one.outcome.note)
            case Failed() as one:
                yield "failed", self._facts(stage=self._stage_of(one.line, one.number), note=one.what)
            case Ended() as one if one.end in _OVER:
                yield "after_run", self._facts(end=one.end.value, note=one.note)
            case _:
                pass

    def _facts(self, stage: str = "", end: str = "", note: str = "") -> Facts:
        progress = self._progress
        intent = progress.plan.intent
        return Facts(
            progress.run,
            intent.service,
            intent.release.version,
            intent.strategy,
            progress.owner,
            progress.reason,
            stage,
            end,
            note,
        )

    def _stage_of(self, line: int, number: int) -> str:
        return self._stages[line][number][0]

    def _whole(self, line: int, number: int) -> bool:
        """Every step of its stage is done."""
        _, numbers = self._stages[line][number]
        return all((line, one) in self._progress.done for one in numbers)

    def _played(self, call: Call, facts: Facts) -> Called:
        began = time.monotonic()
        wrong = played(self._hooks, call, facts)
        return Called(call.event, str(call.hook), wrong, time.monotonic() - began)

    def _run(self) -> None:
        while (call := self._queue.get()) is not None:
            called = call()
            with suppress(DeployerError):  # a journal that does not answer now: the hook was called all the same
                self._write(self._progress.run, called)


def _stages(plan: Plan) -> Stages:
    found, first = Stages(), 1
    for stage in plan.stages:
        numbers = range(first, first + len(stage.steps))
        found.update(dict.fromkeys(numbers, (stage.name, numbers)))
        first = numbers.stop
    return found


def _known(called: Called) -> Called:
    return called
