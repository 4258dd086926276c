"""Who keeps the split while hosts change: by what the journal says, and never into somebody's way"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from queue import Queue

import pytest

from deployer.errors import Overtaken
from deployer.events import Begun, Failed, Record
from deployer.keeper import Keeper
from deployer.model import Split, Undo
from deployer.past import splits
from deployer.progress import fold
from deployer.steps import Ask, Deploy, Shift, Step
from deployer.strategies import canary
from deployer.world import Order
from tests.runs import Case, case
from tests.test_canary import canaries, halves


@dataclass
class Balancers:
    """What the keeper wants of them, each time it looks."""

    wanted: Queue[dict[str, Split]] = field(default_factory=Queue)
    stopping: Queue[bool] = field(default_factory=Queue)
    overtaken: bool = False

    def mend(self, sites: Sequence[str], order: Order) -> Sequence[str]:
        self.wanted.put({site: order.past().splits[site] for site in sites})
        self.stopping.put(order.stopping())
        if self.overtaken:
            raise Overtaken("epoch 9 took over")
        return [f"{site} set again" for site in sites]


@pytest.fixture(scope="module")
def walked() -> Case:
    memory = halves()
    it = case(memory, canaries(memory), canary.plan)
    it.run()
    it.undo(Undo.ALL)
    return it


def until(it: Case, kind: type[Step], *, line: int = 0) -> Iterator[list[Record]]:
    """What was written until a step of this kind began, for each of them."""
    lines = it.progress.lines
    for place, record in enumerate(it.journal.records, 1):
        event = record.event
        if isinstance(event, Begun) and event.line == line:
            step = next(step for number, _, _, step in lines[line].walk() if number == event.number)
            if isinstance(step, kind):
                yield it.journal.records[:place]


def kept(records: Sequence[Record]) -> tuple[dict[str, Split], bool]:
    balancers = Balancers()
    with Keeper(balancers, 1, lambda _line: None, every=0.001) as keeper:
        keeper.catch_up(records)
        while balancers.wanted.qsize():
            balancers.wanted.get()
            balancers.stopping.get()
        balancers.wanted.get(timeout=60), balancers.stopping.get(timeout=60)
        return balancers.wanted.get(timeout=60), balancers.stopping.get(timeout=60)


@pytest.mark.parametrize("line", [0, 1])
def test_while_hosts_change_what_was_set_last_is_kept(walked: Case, line: int) -> None:
    for records in list(until(walked, Deploy, line=line))[::3]:
        wanted, stopping = kept(records)
        assert wanted == dict(splits(fold(records)))
        assert wanted, "every site knows the release before its hosts change"
        assert not stopping


@pytest.mark.parametrize("kind", [Shift, Ask])
def test_it_steps_aside_while_shares_change_or_a_gate_asks(walked: Case, kind: type[Step]) -> None:
    for records in list(until(walked, kind))[::3]:
        assert kept(records) == ({}, True)


def test_nothing_is_kept_before_a_run_begins_nor_after_its_end(walked: Case) -> None:
    assert kept([]) == ({}, True)
    assert kept(walked.journal.records) == ({}, True)


def test_what_it_set_again_is_told_and_a_newer_run_ends_it_quietly(walked: Case) -> None:
    told: Queue[str] = Queue()
    balancers = Balancers()
    with Keeper(balancers, 1, told.put, every=0.001) as keeper:
        for record in next(until(walked, Deploy)):
            keeper.hear(record)
        assert told.get(timeout=60).endswith("set again")
        balancers.overtaken = True  # the run itself hears of it at its next step; nothing is raised here


def test_what_is_to_be_put_back_counts_also_where_not_everybody_followed(walked: Case) -> None:
    """A balancer that was dead then comes back with the share that its disk holds: that is drift."""
    records = next(until(walked, Shift, line=1))
    before, begun = fold(records[:-1]), fold(records)
    number = begun.in_doubt[-1][1]
    back = next(step for n, _, _, step in begun.lines[1].walk() if n == number)
    assert isinstance(back, Shift)
    assert splits(before)[back.scope] != back.split
    begun.apply(Record(10_000, "r1", 2_000_000.0, Failed(1, number, "lowered on lb1, not on lb2")))
    assert splits(begun)[back.scope] == back.split
