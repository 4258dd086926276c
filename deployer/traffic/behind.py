"""DNS behind the edge: it starts once the edge is set, and never holds anything up"""

from __future__ import annotations

from collections.abc import Callable
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

A_MOMENT = 2.0
"""Seconds a step waits for DNS, so that it can say at once that it is done."""


class Behind:
    """Keeps bringing DNS to what the edge has, in a thread of its own, for as long as the settings say.

    `edge` tells what the edge has now, None where it cannot be learned: then what was set last is meant.
    """

    def __init__(self, place: Dns, clock: Clock, edge: Callable[[], Split | None]) -> None:
        self.place = place
        self._clock, self._edge = clock, edge
        self._set = Split((("", WHOLE),))
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

    def begin(self, split: Split) -> str:
        """Starts to follow; a line on how far that came within a moment."""
        self._set, self._found = split, None
        thread = Thread(target=self.until_there, args=(split, self.place.within), name="dns", daemon=True)
        thread.start()
        thread.join(A_MOMENT)
        if self._found is None:
            return f"DNS pending, {self.place.name} has not answered yet: deployer dns"
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
        return lambda: (self._edge() if next(tries) else None) or self._set
