"""Shares measured while a run goes on: since each split was set, and only where users are split"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deployer.cli.meter import Meter
from deployer.gates.bake import Counts
from deployer.model import WHOLE, Split

OLD, NEW = "1.0.0", "1.1.0"


def split(share: int) -> Split:
    return Split(((OLD, WHOLE - share), (NEW, share)))


@dataclass
class Balancers:
    seen: dict[tuple[str, str], Counts] = field(default_factory=dict)
    people: dict[tuple[str, str], int] = field(default_factory=dict)

    def counts(self, sites: Sequence[str]) -> Mapping[tuple[str, str], Counts]:
        return {key: count for key, count in self.seen.items() if key[0].startswith(tuple(sites))}

    def users(self, sites: Sequence[str]) -> Mapping[tuple[str, str], int]:
        return {key: count for key, count in self.people.items() if key[0].startswith(tuple(sites))}


def test_requests_are_counted_from_when_the_share_was_set_over_all_balancers_of_a_site() -> None:
    there = Balancers({("dc1-lb1", OLD): Counts(1_000), ("dc1-lb1", NEW): Counts(7), ("dc2-lb1", NEW): Counts(9)})
    meter = Meter(there)
    assert meter.lines({"dc1": split(500)}) == ("dc1: 1.1.0 set 5 %, measured nothing yet",)
    there.seen[("dc1-lb1", OLD)] = Counts(1_900)
    there.seen[("dc1-lb1", NEW)] = Counts(57)
    there.seen[("dc1-lb2", NEW)] = Counts(50)
    there.people |= {("dc1-lb1", OLD): 190, ("dc1-lb2", NEW): 10, ("dc2-lb1", NEW): 400}
    (line,) = meter.lines({"dc1": split(500)})
    assert line == (
        "dc1: 1.1.0 set 5 %, measured 10.00 % of 1,000 requests and 5.00 % of about 200 users of the last minute"
    )
    (line,) = meter.lines({"dc1": split(5_000)})
    assert line == "dc1: 1.1.0 set 50 %, measured 5.00 % of about 200 users of the last minute", "counted anew"


def test_where_everybody_is_on_one_release_nothing_is_measured() -> None:
    meter = Meter(Balancers())
    assert meter.lines({"dc1": Split(((NEW, WHOLE),)), "dc2": split(0), "dc3": split(WHOLE)}) == ()
