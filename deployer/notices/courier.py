"""Carries messages to one receiver, beside the run: a thread with a short queue, patience and manners"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from queue import Empty, Full, Queue
from threading import Thread

from tenacity import RetryCallState, RetryError, Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from deployer.errors import DeployerError
from deployer.notices.message import Message
from deployer.notices.post import NotSent
from deployer.notices.receivers import Receiver

WAITING = 200
"""So many messages wait for a slow receiver; of more the oldest are lost."""
MANY, WITHIN = 20, 60.0
"""More than so many within so many seconds are not sent, unless they are urgent."""
TRIES = 3


class Courier:
    """`take` never waits. `complain` hears once what is wrong with the receiver."""

    def __init__(
        self, name: str, wants: frozenset[str], receiver: Receiver, complain: Callable[[str], None], pause: float = 1.0
    ) -> None:
        self._name, self._wants, self._receiver, self._complain = name, wants, receiver, complain
        self._pause = pause
        self._queue: Queue[Message | None] = Queue(WAITING)
        self._sent: deque[float] = deque(maxlen=MANY)
        self._lost, self._last = 0, ""
        self._complained = False
        self._thread = Thread(target=self._run, name=f"notices to {name}", daemon=True)
        self._thread.start()

    def take(self, message: Message) -> None:
        if message.event in self._wants:
            self._put(message)

    def last(self) -> None:
        """Nothing comes any more."""
        self._put(None)

    def close(self, until: float) -> None:
        """What is left is carried, no longer than until this moment (of time.monotonic)."""
        self._thread.join(max(0.0, until - time.monotonic()))
        if self._thread.is_alive():
            self._once(f"{self._last or 'it takes too long'}, what is left is not sent")

    def _put(self, message: Message | None) -> None:
        while True:
            try:
                self._queue.put_nowait(message)
            except Full:
                with suppress(Empty):
                    self._queue.get_nowait()
                    self._lost += 1
            else:
                return

    def _run(self) -> None:
        while (message := self._queue.get()) is not None:
            if message.urgent or self._polite():
                self._carry(message)
            else:
                self._lost += 1

    def _polite(self) -> bool:
        return len(self._sent) < MANY or time.monotonic() - self._sent[0] > WITHIN

    def _carry(self, message: Message) -> None:
        if self._lost:
            left_out = f"{self._lost} notices before this one were left out"
            message = replace(message, text=f"{message.text}; {left_out}" if message.text else left_out)
        try:
            for attempt in self._tries():
                with attempt:
                    self._receiver.send(message)
        except RetryError as error:
            self._once(str(error.last_attempt.exception()))
        except DeployerError as error:
            self._once(f"{error.what}, next: {error.remedy}" if error.remedy else error.what)
        except Exception as bug:  # noqa: BLE001 - whatever it is, its words may hold an address
            self._once(f"{type(bug).__name__}, a bug of ours")
        else:
            self._lost = 0
        self._sent.append(time.monotonic())

    def _tries(self) -> Retrying:
        return Retrying(
            stop=stop_after_attempt(TRIES),
            wait=wait_exponential(self._pause),
            before_sleep=self._remember,
            retry=retry_if_exception(lambda error: isinstance(error, NotSent) and error.again),
        )

    def _remember(self, state: RetryCallState) -> None:
        self._last = str(state.outcome.exception()) if state.outcome else ""

    def _once(self, what: str) -> None:
        if not self._complained:
            self._complained = True
            self._complain(f"notice to {self._name} was not sent: {what}")
