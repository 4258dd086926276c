"""One reader of the journal per run, whoever watches: all get the same bytes"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from deployer.errors import DeployerError
from deployer.events import Record
from deployer.journal import Journal
from deployer.store.rows import NOTHING, Mark
from deployer.web.desk import Desk
from deployer.web.frame import Frame, frame
from deployer.web.wire import Told, Wire

POLL = 0.5
"""Seconds between two looks at the anchor, which is a small file."""
ANYWAY = 8
"""Every so many looks the rows are read though the anchor says nothing is new: a writer may have died before it."""
BEAT = 10.0
"""Seconds after which a silent stream says that it is there."""


@dataclass(slots=True)
class Watch:
    """A run that somebody watches. `failed` is why the journal could not be read just now."""

    desk: Desk
    run: str
    records: tuple[Record, ...] = ()
    frame: Frame | None = None
    wire: Wire = field(default_factory=Wire)
    failed: str = ""
    viewers: int = 0
    newest: str = ""
    """The run that is walked now, or was last: for who wants to see that one."""
    over: bool = False
    """Streams end: the dashboard was told to."""
    _mark: Mark = NOTHING
    _looks: int = 0
    _at_work: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def go_on(self) -> None:
        """Read until nobody watches any more."""
        while self.viewers:
            changed = await run_in_threadpool(self.look)
            if changed:
                self.tell()
            await asyncio.sleep(POLL)

    def tell(self) -> None:
        """Whoever waits for news looks now."""
        self._news.set()
        self._news = asyncio.Event()

    async def follow(self, after: int) -> AsyncGenerator[bytes]:
        """What is new for one viewer, who has the log up to record `after`."""
        had: dict[str, bytes] = {}
        while not self.over:
            news = self._news
            yield self.wire.since(after, had, Told(self.desk.now(), self.failed, self.newest))
            after = max(after, self.wire.seq)
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), BEAT)

    def look(self) -> bool:
        """Whether there is anything new to show."""
        try:
            changed = self.read()
        except DeployerError as wrong:
            changed, self.failed = self.failed != wrong.what, wrong.what
        except Exception as bug:  # noqa: BLE001 - a page that is not true any more must say so
            changed, self.failed = True, f"a bug of the dashboard ({type(bug).__name__}); the run is not hurt"
        return changed

    def read(self) -> bool:
        mark, self._looks = self.desk.store.promised(self.desk.service), self._looks + 1
        if mark != NOTHING and mark == self._mark and self._looks % ANYWAY and not self.failed:
            return False
        journal = self.desk.journal
        new = journal.since(self.run, self.records[-1].seq) if self.records else journal.events(self.run)
        at_work, newest, recovered = *self._walked(journal), bool(self.failed)
        self._mark, self.failed = mark, ""
        if not new and (at_work, newest) == (self._at_work, self.newest) and self.frame and not recovered:
            return False
        self.records, self._at_work, self.newest = (*self.records, *new), at_work, newest
        if self.records:
            now = self.desk.now()
            self.frame = frame(self.records, self.desk.settings, self.desk.typed, at_work=at_work, now=now)
            self.wire = Wire.of(self.frame)
        return True

    def _walked(self, journal: Journal) -> tuple[bool, str]:
        """Whether somebody holds the lock for this run, and is not known to be dead; and the newest run."""
        lock = self.desk.lock.status()
        if lock.lease is not None and journal.knows(lock.lease.run):
            return lock.lease.run == self.run and not lock.gone, lock.lease.run
        return False, journal.last_run() or ""


@dataclass(slots=True)
class Watches:
    """By run; a run that nobody watches is forgotten."""

    desk: Desk
    going: dict[str, tuple[Watch, asyncio.Task[None]]] = field(default_factory=dict)

    async def follow(self, run: str, after: int) -> AsyncGenerator[bytes]:
        watch = self._watch(run)
        watch.viewers += 1
        try:
            async for told in watch.follow(after):
                yield told
        finally:
            watch.viewers -= 1
            if not watch.viewers:
                _, task = self.going.pop(run)
                task.cancel()

    def end(self) -> None:
        """All streams end in good order; browsers come back by themselves."""
        for watch, _ in self.going.values():
            watch.over = True
            watch.tell()

    def _watch(self, run: str) -> Watch:
        if run not in self.going:
            watch = Watch(self.desk, run)
            self.going[run] = watch, asyncio.ensure_future(_soon(watch))
        return self.going[run][0]


async def _soon(watch: Watch) -> None:
    """After the first viewer is counted."""
    await asyncio.sleep(0)
    await watch.go_on()
