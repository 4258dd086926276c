"""The journal of an inventory's service, opened without reading more than two settings"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from deployer.cli import say
from deployer.cli.options import Ground
from deployer.cli.person import person
from deployer.errors import LockHeld, UsageError
from deployer.evacuation import spool
from deployer.events import SERVICE, End, LockBroken, Record
from deployer.journal import Journal
from deployer.lock import Lease, Lock
from deployer.pending import Pending, pending
from deployer.progress import Progress, fold
from deployer.report.standing import lock_lines
from deployer.rules import Approvals
from deployer.settings.place import settings_file, state_url
from deployer.store import open_store
from deployer.store.rows import Store

DEPLOYMENTS = ("rolling", "canary", "bluegreen", "rollback", "restart")
"""The strategies that bring out a release."""
_RECENT = 20


@dataclass(frozen=True, slots=True)
class Books:
    """What was written down about one service."""

    service: str
    store: Store
    journal: Journal
    lock: Lock
    _past: list[tuple[int, tuple[Progress, ...]]] = field(default_factory=list, init=False)

    def run(self, named: str) -> str:
        """The run of this name, of this unambiguous beginning of a name, or the latest one when none is named.

        Raises:
            UsageError: there is no such run.
        """
        if not named and (last := self.latest()):
            return last
        heads = [head.run for head in self.journal.runs(10_000)]
        if not heads:
            raise UsageError(f"nothing was run for {self.service} yet", remedy="deployer plan VERSION")
        found = [run for run in heads if run == named] or [run for run in heads if run.startswith(named)]
        if len(found) == 1:
            return found[0]
        what = f"{named!r} could be any of {', '.join(found[:5])}" if found else f"there is no run {named!r}"
        raise UsageError(what, where=self.service, remedy="deployer history")

    def latest(self) -> str:
        """The run at work, else the one that acted last: one that was taken up again is newer than those in between."""
        lease, heads = self.lock.status().lease, self.journal.runs(_RECENT)
        if lease and any(head.run == lease.run for head in heads):
            return lease.run
        return max(heads, key=lambda head: head.changed).run if heads else ""

    def going(self, named: str) -> str:
        """The run that is to go on or back: the one named, else the one at work, else the newest that has not ended.

        It is not looked for behind a deployment that has; acts by hand, and evacuations, may have come in between.

        Raises:
            UsageError: there is no such run.
        """
        if named:
            return self.run(named)
        lease = self.lock.status().lease
        heads = self.journal.runs(_RECENT)
        for head in heads:
            if head.end not in (End.DONE, End.PUT_BACK) or (lease and lease.run == head.run):
                return head.run
            begun = self.journal.planned(head.run)
            if begun and begun.plan.intent.strategy in DEPLOYMENTS:
                break
        what = "no run is under way, or waits" if heads else f"nothing was run for {self.service} yet"
        raise UsageError(
            what, where=self.service, remedy="deployer history; deployer undo RUN puts back what has ended"
        )

    def behind(self, last: str) -> str:
        """A deployment that stands still behind acts that came later, `last` among them; "" where none does."""
        try:
            found = self.going("")
        except UsageError:
            return ""
        return found if found != last else ""

    def refuse_while_held(self) -> None:
        """Before people read a plan and agree to it in vain. Raises LockHeld."""
        lock = self.lock.status()
        if lock.lease is not None and not lock.gone:
            raise LockHeld(
                "the lock is " + "; ".join(lock_lines(lock, time.time())),
                where=self.service,
                remedy="deployer status, and wait for its end; or stop it with deployer abort",
            )

    def free_lock(self, reason: str) -> Lease | None:
        """Take the lock from whoever holds it, written down first; the lease that was broken, None: it was free.

        Raises UsageError without a reason.
        """
        lease = self.lock.status().lease
        if lease and reason.strip():
            self.journal.append(SERVICE, LockBroken(person(), reason, lease.owner, lease.run), epoch=None)
        return self.lock.break_(reason, person())

    def at_work(self, run: str) -> Lease | None:
        """The lease of whoever holds the lock for this run, and is not known to be dead."""
        lock = self.lock.status()
        return lock.lease if lock.lease is not None and lock.lease.run == run and not lock.gone else None

    def pending(self, run: str, rules: Callable[[], Approvals]) -> Pending | None:
        """What a person may answer of this run now. The rules are read only where something is asked."""
        progress, at_work = fold(self.records(run)), self.at_work(run) is not None
        asked = pending(progress, Approvals(), at_work=at_work)
        return asked and pending(progress, rules(), at_work=at_work)

    def unfinished(self) -> str:
        """The last run, when it stands still somewhere between before and after; else ""."""
        head = next(iter(self.journal.runs(1)), None)
        return head.run if head is not None and head.end not in (End.DONE, End.PUT_BACK) else ""

    def past(self, many: int) -> tuple[Progress, ...]:
        """The last so many runs, the oldest first, as they were when first asked for: reading them is dear."""
        if not self._past or self._past[0][0] < many:
            self._past[:] = [(many, tuple(fold(records) for records in self.journal.latest(many)))]
        return self._past[0][1][-many:]

    def catch_up(self) -> None:
        """What was done from this machine while the journal was away is written down now."""
        for run in spool.merge(self.service, self.journal, self.lock):
            say.story(f"run {run} acted while the journal was away; it is written down now")

    def records(self, run: str) -> tuple[Record, ...]:
        return self.journal.events(run)


@contextmanager
def books(ground: Ground, *, read_only: bool = True) -> Iterator[Books]:
    service, url = state_url(settings_file(ground.inventory))
    store = open_store(url, read_only=read_only)
    try:
        opened = open_books(service, store)
        if not read_only:
            opened.catch_up()
        yield opened
    finally:
        store.close()


def open_books(service: str, store: Store) -> Books:
    return Books(service, store, Journal(store, service, time.time), Lock(store, service, time.time))
