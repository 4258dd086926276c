"""Lease and journal of an evacuation, which does not wait for them: what cannot be written there is spooled"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Generic, TypeVar

from deployer.errors import DeployerError, Taken
from deployer.evacuation import spool
from deployer.events import Begun, Event, Planned, Record
from deployer.events import Taken as TakenUp
from deployer.heartbeat import Heartbeat
from deployer.journal import Journal
from deployer.lock import Lease, Lock
from deployer.model import Picture
from deployer.plan import Plan
from deployer.store.rows import Store, StoreUnavailable

T = TypeVar("T")
EVACUATION = "evacuation: "
"""How the reason begins for which an evacuation holds the lock: another one does not take it over."""
FIRST = 3
"""So many records are written as it begins, the rest when it is over."""
PATIENCE = 3.0
"""Seconds. A journal on this machine answers in some milliseconds, one elsewhere within a second."""


class Ledger:
    """`away` says why the journal is not written to, "" while it is."""

    def __init__(self, url: str, service: str, now: Callable[[], float]) -> None:
        self.away = ""
        self._service, self._now = service, now
        self._run, self._epoch, self._began = "", 0, 0.0
        self._events: list[Event] = []
        self._books: tuple[Store, Journal, Lock] | None = None
        self._lease: Lease | None = None
        self._beating: Heartbeat | None = None
        self._opening = _Aside(lambda: self._open(url))

    def begin(  # noqa: PLR0917
        self, run: str, owner: str, reason: str, plan: Plan, picture: Picture, highest: int, *, emergency: bool
    ) -> int:
        """The epoch to act with: the next one, whoever holds the lock, except another evacuation under way.

        Raises:
            LockHeld: another site is being evacuated right now.
        """
        self._run, self._epoch, self._began = run, highest + 1, self._now()
        first = (Planned(owner, plan, picture, reason), Begun(0, 1, (), picture.splits.get("edge")))
        self._events = [first[0], TakenUp(owner, self._epoch), first[1]]
        lease = self._in_time(lambda: self._take(owner, reason, highest, emergency=emergency))
        if lease is None:
            self._spool()
            return self._epoch
        self._lease, self._epoch = lease, lease.epoch
        self._events[1] = TakenUp(owner, lease.epoch)
        self._append(*self._events)
        if self._books and not self.away:
            self._beating = Heartbeat(self._books[2], lease)
            self._beating.__enter__()
        return self._epoch

    def write(self, *events: Event) -> None:
        """Raises Overtaken: somebody else has taken the lock since."""
        self._events += events
        if self.away:
            self._spool()
        else:
            self._append(*events)

    @property
    def records(self) -> tuple[Record, ...]:
        """All that was written or spooled."""
        return tuple(
            Record(seq, self._run, self._began if seq <= FIRST else self._now(), event)
            for seq, event in enumerate(self._events, 1)
        )

    def close(self) -> None:
        """The lease is given back, if the store still answers."""
        if not self.away:
            self._in_time(self._close)

    def _close(self) -> None:
        if self._beating:
            self._beating.__exit__(None, None, None)
        if self._books and self._lease:
            self._books[2].release(self._lease)
        if self._books:
            self._books[0].close()

    def _open(self, url: str) -> None:
        from deployer.store import open_store

        store = open_store(url)
        self._books = store, Journal(store, self._service, self._now), Lock(store, self._service, self._now)

    def _take(self, owner: str, reason: str, highest: int, *, emergency: bool) -> Lease:
        self._opening.wait()
        assert self._books  # noqa: S101 - opened, or `wait` has raised
        lock = self._books[2]
        now = lock.status()
        if highest > now.highest:
            lock.adopt(highest)
        spare = "" if emergency else EVACUATION
        lease = lock.take(self._run, owner, f"{EVACUATION}{reason}", seize=True, spare=spare)
        if self.away:  # nobody waited for this
            lock.release(lease)
        return lease

    def _append(self, *events: Event) -> None:
        assert self._books  # noqa: S101 - there is a lease
        journal = self._books[1]
        if not self._in_time(lambda: journal.append(self._run, *events, epoch=self._epoch)):
            self._spool()

    def _spool(self) -> None:
        try:
            spool.put(self._service, self._run, self._epoch, self._events)
        except OSError as full:
            self.away += f"; nor can it be kept here: {full}"

    def _in_time(self, work: Callable[[], T]) -> T | None:
        """None, and `away` says why, where the store fails or does not answer soon. Raises Taken."""
        try:
            return _Aside(work).wait(PATIENCE)
        except Taken:
            raise
        except DeployerError as wrong:
            self.away = wrong.what
        except Exception as bug:  # noqa: BLE001 - whatever is wrong with a journal, users are led away first
            self.away = f"{type(bug).__name__}: {bug}"
        return None


class _Aside(Generic[T]):
    """Something done in a thread of its own, that may be left behind."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._result: list[T] = []
        self._error: list[BaseException] = []
        self._thread = Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def wait(self, seconds: float | None = None) -> T:
        self._thread.join(seconds)
        if self._error:
            raise self._error[0]
        if not self._result:
            raise StoreUnavailable(f"no answer within {PATIENCE:g} s")
        return self._result[0]

    def _run(self, work: Callable[[], T]) -> None:
        try:
            self._result.append(work())
        except BaseException as wrong:  # noqa: BLE001 - raised where it is waited for
            self._error.append(wrong)
