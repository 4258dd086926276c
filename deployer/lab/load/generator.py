"""Arrivals by the clock, whatever the answers do: open loop"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from deployer.lab.load.tally import Tally
from deployer.lab.load.visitor import Visitor

TICK = 0.01


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of arrival: its share of the requests, and how many requests one arrival makes."""

    share: float
    requests: int
    act: Callable[[Visitor], Awaitable[None]]
    fresh: bool = False


MIX = (
    Stream(0.60, 5, Visitor.visit),
    Stream(0.15, 5, Visitor.visit, fresh=True),
    Stream(0.14, 1, Visitor.look),
    Stream(0.10, 1, Visitor.order),
    Stream(0.01, 1, Visitor.linger),
)


class Generator:
    """`rate` is requests per second; `users` is how many people take turns in each stream."""

    def __init__(self, addresses: Sequence[str], rate: float, users: int, tally: Tally, headers: str = "") -> None:
        self._addresses, self._tally, self._headers = addresses, tally, headers
        self._newest = len(MIX) * users
        self._acts: set[asyncio.Task[None]] = set()
        self._resting: list[deque[Visitor]] = []
        self._due: list[float] = []
        self._gaps = [stream.requests / (stream.share * rate) for stream in MIX]
        for index, stream in enumerate(MIX):
            crowd = range(index * users, (index + 1) * users)
            self._resting.append(deque(self._visitor(number, stream) for number in crowd))

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; what is under way is then finished."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        self._due = [begin + random.random() * gap for gap in self._gaps]
        while not stop.is_set():
            now = loop.time()
            for index, stream in enumerate(MIX):
                while self._due[index] <= now:
                    self._tally.lag = max(self._tally.lag, now - self._due[index])
                    self._due[index] += random.expovariate(1 / self._gaps[index])
                    self._arrive(index, stream)
            await asyncio.sleep(TICK)
        if self._acts:
            await asyncio.wait(self._acts)

    def _arrive(self, index: int, stream: Stream) -> None:
        """The user who rested longest; when all are busy one more comes, an open loop waits for nobody."""
        resting = self._resting[index]
        visitor = resting.popleft() if resting else self._newcomer(index)
        act = asyncio.ensure_future(self._act(stream, visitor, resting))
        self._acts.add(act)
        act.add_done_callback(self._acts.discard)

    async def _act(self, stream: Stream, visitor: Visitor, resting: deque[Visitor]) -> None:
        await stream.act(visitor)
        resting.append(visitor)

    def _newcomer(self, index: int) -> Visitor:
        self._newest += 1
        return self._visitor(self._newest, MIX[index])

    def _visitor(self, number: int, stream: Stream) -> Visitor:
        """Each comes to the edge node that DNS gave him once."""
        address = self._addresses[number % len(self._addresses)]
        return Visitor(number, address, self._tally, stream.fresh, self._headers)
