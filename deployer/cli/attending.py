"""A run watched from outside, by its journal: told until it ends or stands still"""

from __future__ import annotations

from deployer.cli.books import Books
from deployer.cli.telling import Story
from deployer.errors import HalfWay, Waiting
from deployer.events import Ended
from deployer.progress import Progress
from deployer.world import Clock

POLL = 0.5
"""Seconds between two looks into the journal."""


def attend(books: Books, run: str, told: Story, clock: Clock, timeout: float) -> Ended:
    """Tell every record of the run, those of before as well, until one ends it.

    Raises:
        HalfWay: nobody walks the run any more, and it has no end.
        Waiting: it goes on after `timeout` seconds.
    """
    late = clock.monotonic() + timeout
    progress, last = Progress(), 0
    with told:
        while True:
            walked = books.at_work(run) is not None  # asked first: what a dying orchestrator wrote last is told as well
            for record in books.journal.since(run, last):
                told.listen(record)
                progress.apply(record)
                last = record.seq
            if progress.end is not None:
                return progress.end
            if not walked:
                raise HalfWay("its orchestrator is gone", where=f"run {run}", remedy=f"deployer resume {run}")
            if clock.monotonic() >= late:
                raise Waiting("it goes on", where=f"run {run}", remedy="deployer status --watch")
            clock.sleep(min(POLL, late - clock.monotonic()))
