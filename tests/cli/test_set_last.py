"""Which split was set last, whichever run did it"""

from __future__ import annotations

from pathlib import Path

from deployer.cli.set_last import set_last
from deployer.events import Begun, Done, GoingBack, Planned, Taken
from deployer.model import Split
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Shift
from deployer.world import Outcome
from tests.cli import journals
from tests.report.records import PICTURE, intent

DARK, SOME, OLD = (
    Split((("1.0.0", 10_000), ("1.1.0", 0))),
    Split((("1.0.0", 9_500), ("1.1.0", 500))),
    Split((("1.0.0", 10_000),)),
)


def shifting(split: Split) -> Plan:
    return Plan(intent(), (Leg("share", "dc1", (Stage("share", "dc1", (Shift("dc1", split),)),)),))


def test_a_run_that_began_earlier_may_have_been_the_last_to_act(tmp_path: Path) -> None:
    """A dark canary, a share set by hand while it waits, and the canary aborted: all are back."""
    with journals.writing(journals.inventory(tmp_path)) as book:

        def walk(run: str, line: int, *events: Planned | GoingBack) -> None:
            lease = book.lock.take(run, "ann@ops", "a test")
            told = (*events, Taken("ann@ops", 1), Begun(line, 1), Done(line, 1, Outcome()))
            book.journal.append(run, *told, epoch=lease.epoch)
            book.lock.release(lease)

        walk("canary", 0, Planned("ann@ops", shifting(DARK), PICTURE))
        assert set_last(book, ("dc1", "dc2")) == {"dc1": DARK}
        walk("by-hand", 0, Planned("ann@ops", shifting(SOME), PICTURE))
        assert set_last(book, ("dc1",)) == {"dc1": SOME}
        walk("canary", 1, GoingBack(1, shifting(OLD), "ann@ops asked to abort"))
        assert set_last(book, ("dc1",)) == {"dc1": OLD}
