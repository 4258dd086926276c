"""DNS behind the edge: it starts once the edge is set, and never holds anything up"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from threading import Thread

from deployer.dns import follow
from deployer.dns.door import names
from deployer.dns.follow import Followed
from deployer.dns.port import Answer
from deployer.errors import DeployerError
from deployer.machines import Dns
from deployer.model import WHOLE, Split
from deployer.world import Clock

TELL = 1.0
"""Seconds between two words on what is waited for."""


class Behind:
    """Keeps bringing DNS to what the edge has, in a thread of its own, for as long as the settings say.

    `edge` tells what the edge has now, None where it cannot be learned: then what was set last is meant.
    """

    def __init__(self, place: Dns, clock: Clock, edge: Callable[[], Split | None]) -> None:
        self.place = place
        self._clock, self._edge = clock, edge
        self._set = Split((("", WHOLE),))
        self._thread: Thread | None = None
        self._found: Followed | None = None

    def answers(self) -> tuple[Answer, ...]:
        """What each authoritative server says now."""
        try:
            return names(self.place).answers()
        except DeployerError as wrong:
            return (Answer(self.place.kind, wrong=wrong.what),)

    def lag(self, split: Split, answers: tuple[Answer, ...]) -> tuple[str, ...]:
        """A sentence on each server that does not say what it could of this split."""
        try:
            return follow.behind(answers, names(self.place).nearest(split))
        except DeployerError as wrong:
            return (f"{wrong.where}: {wrong.what}",)

    def begin(self, split: Split) -> None:
        """Starts to follow."""
        self._set, self._found = split, None
        self._thread = Thread(target=self.until_there, args=(split, self.place.within), name="dns", daemon=True)
        self._thread.start()

    def wait(self, seconds: float, tell: Callable[[str], None]) -> None:
        """Until DNS has followed, or so long."""
        end = self._clock.monotonic() + seconds
        while self._thread and self._thread.is_alive() and (left := end - self._clock.monotonic()) > 0:
            self._thread.join(min(left, TELL))
            if self._thread.is_alive():
                tell(self.note)

    @property
    def pending(self) -> bool:
        """What was begun is not there yet, as far as is known."""
        return self._thread is not None and (self._found is None or bool(self._found.pending))

    @property
    def note(self) -> str:
        """A line on how far it is; "" where nothing was begun."""
        if self._found is None:
            return f"DNS pending, {self.place.name} has not answered yet: deployer dns" if self._thread else ""
        return self._found.note

    def until_there(self, split: Split, seconds: float, tell: Callable[[str], None] = lambda _: None) -> Followed:
        """Tries for so long. Raises nothing."""
        self._set = split

        def noted(found: Followed) -> None:
            if found != self._found:
                tell(found.note)
            self._found = found

        try:
            door = names(self.place)
            found = follow.until(door, self.place.name, self._wanted(), self._clock, seconds, noted)
        except DeployerError as wrong:
            found = Followed(self.place.name, split, (f"{wrong.where}: {wrong.what}",))
        self._found = found
        return found

    def _wanted(self) -> Callable[[], Split]:
        """First what was set, then what the edge has by then: somebody else may have moved it."""
        tries = count()
        return lambda: (self._now() if next(tries) else None) or self._set

    def _now(self) -> Split | None:
        with suppress(DeployerError):
            return self._edge()
        return None
