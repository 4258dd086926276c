"""A thread that keeps the split a run set, while its hosts change; gates do so themselves"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import RLock
from typing import Protocol

from deployer.errors import Overtaken
from deployer.events import Record
from deployer.model import Split
from deployer.past import kept
from deployer.progress import Progress, StepId, fold
from deployer.recurring import Recurring
from deployer.steps import Ask, Shift
from deployer.world import Order, Past

EVERY = 1.0
"""Seconds between two looks at the balancers."""


class Mender(Protocol):
    def mend(self, sites: Sequence[str], order: Order) -> Sequence[str]:
        """Set again what somebody else changed of the splits in the order's past; sentences on it."""


class Keeper(Recurring):
    """Looks from `with` to its end, at what `hear` says the run has set last; `tell` gets a sentence on what it set
    again. It steps aside while shares are changed, and while a gate asks: that counts anew after a change. `look` gets
    the splits each time.
    """

    def __init__(
        self,
        traffic: Mender,
        epoch: int,
        tell: Callable[[str], None],
        look: Callable[[Mapping[str, Split]], None] = lambda _splits: None,
        every: float = EVERY,
    ) -> None:
        super().__init__("keeper of the split", every)
        self._traffic = traffic
        self._epoch = epoch
        self._tell = tell
        self._look = look
        self._progress = Progress()
        self._lock = RLock()

    def catch_up(self, records: Iterable[Record]) -> None:
        with self._lock:
            self._progress = fold(records)

    def hear(self, record: Record) -> None:
        with self._lock:
            self._progress.apply(record)

    def _act(self) -> bool:
        try:
            for line in self._traffic.mend(tuple(self._past().splits), self._order()):
                self._tell(line)
            self._look(self._kept())
        except Overtaken:  # the run itself hears of it at its next step
            return False
        return True

    def _order(self) -> Order:
        return Order(self._progress.run, self._epoch, "keeper", lambda _line: None, self._aside, self._past)

    def _past(self) -> Past:
        with self._lock:
            return Past() if self._aside() else Past(splits=kept(self._progress))

    def _kept(self) -> Mapping[str, Split]:
        with self._lock:
            return kept(self._progress) if self._progress.lines else {}

    def _aside(self) -> bool:
        with self._lock:
            progress = self._progress
            if self._over.is_set() or not progress.lines or progress.end is not None:
                return True
            return any(_minds_shares(progress, one) for one in progress.in_doubt if one[0] == progress.line)


def _minds_shares(progress: Progress, step_id: StepId) -> bool:
    line, number = step_id
    return isinstance(progress.lines[line].numbered[number], Ask | Shift)
