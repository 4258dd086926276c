"""The first signal brakes, the second stops at once

Signals arrive through a pipe and are acted on by a thread: inside a handler a lock could already be held.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

from deployer.brake import Brake

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def braking(brake: Brake, pulled: Callable[[str, int], None]) -> Iterator[None]:
    """While this holds, signals pull the brake; `pulled` hears the signal's name and its count.

    Who was heard once is not needed again: from then on signals do nothing, or an impatient ^C would cut off the end
    that was asked for, its report and its exit code. Must be entered by the main thread.
    """
    mine, theirs = socket.socketpair()
    theirs.setblocking(False)
    before = {number: signal.signal(number, _nothing) for number in STOPPING}
    wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    listener = Thread(target=_listen, args=(mine, brake, pulled), name="signals", daemon=True)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        theirs.close()
        listener.join(5)
        mine.close()
        for number, handler in before.items() if not brake.pulled else ():
            signal.signal(number, handler)


def _nothing(number: int, frame: object) -> None:
    """The pipe carries the signal."""


def _listen(pipe: socket.socket, brake: Brake, pulled: Callable[[str, int], None]) -> None:
    count = 0
    while received := pipe.recv(1):
        if received[0] in STOPPING:
            count += 1
            brake.pull()
            pulled(signal.Signals(received[0]).name, count)
