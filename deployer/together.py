"""Up to some acts at the same time, in order; the caller can always be interrupted"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import Event, Lock, Thread

from deployer.brake import Brake, Stopped

AT_ONCE = 0.05
"""How long a second ^C may take to be noticed, in seconds."""


def together(
    acts: Sequence[Callable[[], None]],
    abreast: int,
    brake: Brake,
    gravest: Callable[[BaseException], int] = lambda _: 0,
) -> None:
    """Run the acts in order, `abreast` at a time; so many begin in any case. After a failure no new one starts, the
    others end theirs.

    Raises:
        Stopped: the brake was pulled twice; what runs is left where it is.
        BaseException: the failure with the lowest `gravest`, the first of several.
    """
    line = _Line(iter(acts[abreast:]))
    lanes = [
        Thread(target=line.work, args=(act,), name=f"lane-{n}", daemon=True) for n, act in enumerate(acts[:abreast])
    ]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        while lane.is_alive():
            if brake.at_once:
                line.close()
                raise Stopped("stopped at once: what was under way is in doubt")
            lane.join(AT_ONCE)
    if line.failures:
        raise min(line.failures, key=gravest)


class _Line:
    """The acts still to begin, shared by the lanes."""

    def __init__(self, acts: Iterator[Callable[[], None]]) -> None:
        self._acts = acts
        self._lock = Lock()
        self._closed = Event()
        self.failures: list[BaseException] = []

    def close(self) -> None:
        self._closed.set()

    def work(self, first: Callable[[], None]) -> None:
        act: Callable[[], None] | None = first
        while act is not None:
            try:
                act()
            except BaseException as failure:  # noqa: BLE001 - raised again in the caller's thread
                self.failures.append(failure)
                self._closed.set()
            act = self._next()

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            return None if self._closed.is_set() else next(self._acts, None)
