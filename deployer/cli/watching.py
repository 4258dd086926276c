"""The same view of a run from any terminal: by its journal, and what can be measured from here"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from deployer.cli import say
from deployer.cli.attending import attend
from deployer.cli.books import books
from deployer.cli.options import Ground
from deployer.cli.telling import Story, story
from deployer.clock import WallClock
from deployer.errors import DeployerError
from deployer.events import Ended


def watch(ground: Ground, run: str, timeout: float) -> Ended:
    """Until the run ends. Raises HalfWay, Waiting as `attend` does."""
    with books(ground) as book:
        clock = WallClock()
        told = story(clock, str(ground.inventory), watching=True)
        with _measuring(ground, told):
            return attend(book, book.run(run), told, clock, timeout)


@contextmanager
def _measuring(ground: Ground, told: Story) -> Iterator[None]:
    """Beside it the machines are asked, as soon as the inventory is read; nobody waits for that."""
    if not say.lively():
        yield
        return
    over = Event()
    thread = Thread(target=_measure, args=(ground, told, over), name="measuring", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=2.0)


def _measure(ground: Ground, told: Story, over: Event) -> None:
    from deployer.cli.gauge import Gauge
    from deployer.cli.workplace import workplace
    from deployer.settings.limits import limits

    try:
        with workplace(ground, read_only=True) as work:
            told.limited(limits(work.settings))
            with Gauge(work.traffic.answered, told.rated, work.world.clock):
                over.wait()
    except DeployerError as failure:
        told.say(f"requests are not measured from here: {failure.what}")
