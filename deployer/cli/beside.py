"""Who hears a run beside its orchestrator: people, Prometheus, the operator's own hooks; none can hold it up"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, Self

from deployer import hooks
from deployer.cli import say
from deployer.cli.person import person
from deployer.cli.workplace import Workplace
from deployer.events import Called, Record
from deployer.hooks import Facts
from deployer.journal import Journal
from deployer.notices.post_room import PostRoom
from deployer.plan import Plan
from deployer.run_hooks import RunHooks
from deployer.textfile import Textfile


class _Hears(Protocol):
    def __enter__(self) -> Self: ...
    def __exit__(self, *failure: object) -> None: ...
    def catch_up(self, records: Iterable[Record]) -> None: ...
    def hear(self, record: Record) -> None: ...


class Beside:
    """From `with` to its end, which is to come when the lock is free; `complain` may be changed meanwhile."""

    def __init__(self, work: Workplace) -> None:
        self.complain: Callable[[str], None] = say.story
        self._work, self._stack = work, ExitStack()
        self._room, self._hooks = self._people(), self._own()
        self._hears: tuple[_Hears, ...] = (self._room, self._hooks, *self._numbers())

    def __enter__(self) -> Self:
        for one in self._hears:
            self._stack.enter_context(one)
        return self

    def __exit__(self, *failure: object) -> None:
        self._stack.close()

    def begin(self, run: str, plan: Plan, reason: str) -> None:
        """Raises Refused when a hook does not let the run begin."""
        intent = plan.intent
        self._hooks.begin(Facts(run, intent.service, intent.release.version, intent.strategy, person(), reason))

    def catch_up(self, records: Iterable[Record]) -> None:
        known = tuple(records)
        for one in self._hears:
            one.catch_up(known)

    def hear(self, record: Record) -> None:
        for one in self._hears:
            one.hear(record)

    def hurry(self) -> None:
        """Nothing is waited for in the end."""
        self._room.patience, self._hooks.hurried = 0.0, True

    def _complain(self, what: str) -> None:
        self.complain(what)

    def _people(self) -> PostRoom:
        notices = self._work.settings.notices
        addresses = {host.name: host.address for host in self._work.estate.hosts} if notices else {}
        return PostRoom(notices, str(self._work.ground.inventory), self._complain, addresses)

    def _own(self) -> RunHooks:
        """A journal of its own: the engine's is the engine's alone."""
        work, books = self._work, self._work.books
        journal = Journal(books.store, books.service, time.time)

        def write(run: str, called: Called) -> None:
            journal.append(run, called, epoch=None)

        return RunHooks(hooks.of(work.settings, work.ground.inventory, work.ground.asking.arguments()), write)

    def _numbers(self) -> tuple[Textfile, ...]:
        values, books = self._work.settings.metrics, self._work.books
        if not values.textfile:
            return ()
        path = Path(values.textfile)
        return (Textfile(path, values.every, books.service, books.lock.status, self._complain),)
