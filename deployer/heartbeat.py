"""A thread that keeps a lease alive, and tells when it is lost"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self

from deployer.errors import Overtaken
from deployer.lock import TTL, Lease, Lock
from deployer.store.rows import StoreUnavailable


class Heartbeat:
    """Beats from `with` to its end. A store that does not answer for a while is tried again: until somebody takes
    the lease over it stays ours. `lost` says by whom it was taken; `on_lost` is told once, in the thread.
    """

    def __init__(
        self, lock: Lock, lease: Lease, *, every: float = TTL / 6, on_lost: Callable[[str], None] = lambda _: None
    ) -> None:
        self.lost = ""
        self._lock = lock
        self._lease = lease
        self._every = every
        self._on_lost = on_lost
        self._over = Event()
        self._thread = Thread(target=self._run, name=f"heartbeat {lock.service}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._every):
            try:
                self._lock.beat(self._lease)
            except StoreUnavailable:
                continue
            except Overtaken as overtaken:
                self.lost = overtaken.what
                self._on_lost(overtaken.what)
                return
