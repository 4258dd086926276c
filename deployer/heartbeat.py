"""A thread that keeps a lease alive, and tells when it is lost"""

from __future__ import annotations

from collections.abc import Callable

from deployer.errors import Overtaken
from deployer.lock import TTL, Lease, Lock
from deployer.recurring import Recurring
from deployer.store.rows import StoreUnavailable


class Heartbeat(Recurring):
    """Beats from `with` to its end. A store that does not answer for a while is tried again: until somebody takes
    the lease over it stays ours. `lost` says by whom it was taken; `on_lost` is told once, in the thread.
    """

    def __init__(
        self, lock: Lock, lease: Lease, *, every: float = TTL / 6, on_lost: Callable[[str], None] = lambda _: None
    ) -> None:
        super().__init__(f"heartbeat {lock.service}", every)
        self.lost = ""
        self._lock = lock
        self._lease = lease
        self._on_lost = on_lost

    def _act(self) -> bool:
        try:
            self._lock.beat(self._lease)
        except StoreUnavailable:
            return True
        except Overtaken as overtaken:
            self.lost = overtaken.what
            self._on_lost(overtaken.what)
            return False
        return True
