"""Whether a site may be emptied, and what a node that was missed can still do"""

from __future__ import annotations

import pytest

from deployer.edge.seen import Seen, Site
from deployer.errors import Refused, Unreachable
from deployer.evacuation import judgement
from deployer.evacuation.judgement import NobodyLeft
from deployer.model import Split


def seen(dc1: int, dc2: int, *, up: bool = True, maint: bool = False) -> Seen:
    first = Site("dc1", (("dc1", dc1),), up, 10, 100, 0, sticky=False, maint=maint)
    second = Site("dc2", (("dc2", dc2),), True, 10, 100, 0, sticky=False, maint=False)
    return Seen("edge1", "7 run-7", (first, second))


def test_nothing_needs_raising_while_the_rest_gets_users() -> None:
    assert judgement.raising(seen(50, 50), "dc2", emergency=False) == 0
    assert judgement.raising(seen(1, 99), "dc2", emergency=False) == 0
    assert judgement.raising(seen(100, 0), "dc2", emergency=False) == 0


@pytest.mark.parametrize("node", [seen(0, 100), seen(50, 50, up=False), seen(50, 50, maint=True)])
def test_never_both_at_nothing(node: Seen) -> None:
    with pytest.raises(NobodyLeft):
        judgement.raising(node, "dc2", emergency=False)


def test_an_emergency_sends_everybody_to_a_site_that_is_up_and_to_no_other() -> None:
    assert judgement.raising(seen(0, 100), "dc2", emergency=True) == judgement.ALL
    for node in (seen(0, 100, up=False), seen(50, 50, up=False), seen(50, 50, maint=True)):
        with pytest.raises(NobodyLeft):
            judgement.raising(node, "dc2", emergency=True)


def test_a_node_that_does_not_know_the_site() -> None:
    with pytest.raises(Refused, match="no server of dc3 in its backend; sites there: dc1, dc2"):
        judgement.raising(seen(50, 50), "dc3", emergency=False)


def test_the_others_keep_their_proportions() -> None:
    three = Split((("dc1", 2_000), ("dc2", 5_000), ("dc3", 3_000)))
    assert judgement.without(three, "dc2") == Split((("dc1", 4_000), ("dc2", 0), ("dc3", 6_000)))
    assert judgement.without(Split((("dc1", 0), ("dc2", 10_000))), "dc2") == Split((("dc1", 10_000), ("dc2", 0)))


def test_what_most_nodes_say_is_how_it_was() -> None:
    assert judgement.split([seen(50, 50), seen(25, 75), seen(50, 50)]) == Split((("dc1", 5_000), ("dc2", 5_000)))


def test_what_missing_nodes_may_still_do() -> None:
    said = judgement.effect("dc2", Split((("dc1", 7_000), ("dc2", 3_000))), {"edge2": Unreachable("gone")}, 4)
    assert said.endswith("25% of them come through there (1 of 4 edge nodes), and 30% still go to dc2: 7.5% of all")
