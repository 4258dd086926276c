"""The five rules, each broken once on paper, and what the pool on paper remembers"""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.errors import UnsafePlan
from deployer.model import WHOLE, Capacity, HostSeen, Intent, Picture, Release, Split, Standing, View
from deployer.plan import Leg, Plan, Stage
from deployer.safety import Pool, breaches, prove
from deployer.steps import Deploy, Drain, Readmit, Shift, Step, Verify
from tests.bench.plan import row
from tests.runs import NEW, intent, pool


def seen(host: str, *standings: Standing, release: str | None = "1.0", site: str = "dc1") -> HostSeen:
    views = tuple(View(f"lb{n}", standing) for n, standing in enumerate(standings, 1))
    return HostSeen(host, site, release, None, views)


UP, OUT, DOWN, UNKNOWN = Standing.UP, Standing.OUT, Standing.DOWN, Standing.UNKNOWN
FOUR = Picture({f"web{n}": seen(f"web{n}", UP, UP) for n in range(1, 5)})


def proved(*steps: Step, picture: Picture = FOUR, floor: int = 1) -> None:
    wanted = intent(pool(4, ("dc1",)), floor=floor)
    prove(Plan(wanted, (Leg("dc1", "dc1", (Stage("s", "dc1", steps),)),)), picture)


def test_rule_1_only_idle_hosts_change() -> None:
    with pytest.raises(UnsafePlan, match=r"step 1, deploy: rule 1: web1 may still receive requests"):
        proved(Deploy("dc1", ("web1",), NEW))


@pytest.mark.parametrize("other", [UP, UNKNOWN])
def test_rule_1_one_balancer_that_may_send_requests_is_enough(other: Standing) -> None:
    half = Picture({**FOUR.hosts, "web1": seen("web1", OUT, other)})
    with pytest.raises(UnsafePlan, match="rule 1"):
        proved(Deploy("dc1", ("web1",), NEW), picture=half)


@pytest.mark.parametrize("gone", [OUT, DOWN])
def test_rule_1_a_host_that_is_out_or_down_may_be_changed(gone: Standing) -> None:
    proved(Deploy("dc1", ("web1",), NEW), picture=Picture({**FOUR.hosts, "web1": seen("web1", gone, gone)}))


def test_rule_2_only_verified_hosts_return() -> None:
    out = (Drain("dc1", ("web1",)), Deploy("dc1", ("web1",), NEW))
    with pytest.raises(UnsafePlan, match=r"step 3, readmit: rule 2: web1 was not verified with 1\.1"):
        proved(*out, Readmit("dc1", ("web1",), NEW))
    proved(*out, Verify("dc1", ("web1",), NEW), Readmit("dc1", ("web1",), NEW))


@pytest.mark.parametrize(
    "between",
    [
        (Deploy("dc1", ("web1",), Release("1.2")),),
        (Readmit("dc1", ("web1",), NEW), Drain("dc1", ("web1",))),
    ],
    ids=["deployed to again", "was away again"],
)
def test_rule_2_a_verification_is_of_this_release_and_this_time(between: tuple[Step, ...]) -> None:
    verified = (Drain("dc1", ("web1",)), Deploy("dc1", ("web1",), NEW), Verify("dc1", ("web1",), NEW))
    with pytest.raises(UnsafePlan, match="rule 2"):
        proved(*verified, *between, Readmit("dc1", ("web1",), NEW))


def test_rule_3_a_group_covers_its_share() -> None:
    mixed = Picture({**FOUR.hosts, "web4": seen("web4", UP, UP, release="1.1")})
    proved(Shift("dc1", Split((("1.0", 7_500), ("1.1", 2_500)))), picture=mixed, floor=4)
    with pytest.raises(UnsafePlan, match=r"rule 3: 50 % of dc1's users need 2 hosts with 1\.1, 1 are in service"):
        proved(Shift("dc1", Split((("1.0", 5_000), ("1.1", 5_000)))), picture=mixed, floor=4)


def test_rule_3_a_retreat_needs_a_group_but_not_a_full_one() -> None:
    mixed = Picture({**FOUR.hosts, "web4": seen("web4", UP, UP, release="1.1")})
    proved(Shift("dc1", Split((("1.1", WHOLE),)), retreat=True), picture=mixed, floor=4)
    with pytest.raises(UnsafePlan, match="rule 5"):
        proved(Shift("dc1", Split((("1.2", WHOLE),)), retreat=True), picture=mixed, floor=4)


def test_rule_4_the_floor_counts_hosts_already_down() -> None:
    proved(Drain("dc1", ("web1",)), floor=3)
    one_down = Picture({**FOUR.hosts, "web2": seen("web2", DOWN, DOWN)})
    with pytest.raises(UnsafePlan, match="out of service already: web2"):
        proved(Drain("dc1", ("web1",)), picture=one_down, floor=3)
    proved(Drain("dc1", ("web2",)), picture=one_down, floor=3)  # it is out anyway


def test_rule_4_the_last_host_is_never_taken_whatever_the_floor() -> None:
    with pytest.raises(UnsafePlan, match="the floor is 1"):
        proved(Drain("dc1", ("web1", "web2", "web3", "web4")), floor=0)


def test_rule_4_a_host_that_only_some_balancers_use_does_not_count_but_is_not_free_to_take() -> None:
    silent = Picture({host: seen(host, UP, UNKNOWN) for host in FOUR.hosts})
    with pytest.raises(UnsafePlan, match="lb2 does not answer: unknown is not down"):
        proved(Drain("dc1", ("web1",)), picture=silent)


def test_rule_4_in_a_window_the_largest_stages_may_be_out_together() -> None:
    stages = tuple(Stage(host, "dc1", (Drain("dc1", (host,)),)) for host in FOUR.hosts)
    back = tuple(
        Stage(s.name, "dc1", (*s.steps, Verify("dc1", (s.name,), NEW), Readmit("dc1", (s.name,), NEW))) for s in stages
    )
    wanted = intent(pool(4, ("dc1",)), floor=2)
    prove(Plan(wanted, (Leg("dc1", "dc1", back, abreast=2),)), FOUR)
    with pytest.raises(UnsafePlan, match="3 stages at a time would leave 1 of dc1's hosts"):
        prove(Plan(wanted, (Leg("dc1", "dc1", back, abreast=3),)), FOUR)


def test_rule_5_nobody_is_sent_to_an_empty_group_or_site() -> None:
    with pytest.raises(UnsafePlan, match=r"rule 5: 1 % of dc1's users need 1 hosts with 1\.1, 0 are in service"):
        proved(Shift("dc1", Split((("1.0", 9_900), ("1.1", 100)))))
    empty = Picture({**FOUR.hosts, "web9": seen("web9", DOWN, site="dc2")})
    with pytest.raises(UnsafePlan, match="rule 5: 50 % of users would go to dc2, where no host is in service"):
        proved(Shift("edge", Split((("dc1", 5_000), ("dc2", 5_000)))), picture=empty)
    with pytest.raises(UnsafePlan, match="need 1 hosts with"):
        proved(Shift("dc2", Split((("1.0", WHOLE),))), picture=empty)


def halves(dc1: int) -> Shift:
    return Shift("edge", Split((("dc1", dc1), ("dc2", WHOLE - dc1))))


def carrying(load: float, *, emergency: bool = False) -> Intent:
    """Each host may be given 100 requests/s."""
    known = Capacity(load, dict.fromkeys(BOTH.hosts, 100.0))
    return replace(intent(pool(4)), capacity=known, emergency=emergency)


BOTH = Picture(
    {**FOUR.hosts, "b1": seen("b1", UP, UP, site="dc2"), "b2": seen("b2", OUT, OUT, site="dc2")},
    {"edge": Split((("dc1", 8_000), ("dc2", 2_000)))},
)


@pytest.mark.parametrize(
    ("load", "steps", "said"),
    [
        (200, (halves(5_000),), ""),
        (201, (halves(5_000),), "50 % of 201 requests/s are 100/s, dc2 may be given 100/s"),
        (5_000, (halves(8_000),), ""),  # no share is raised
        (330, (halves(WHOLE),), "100 % of 330 requests/s are 330/s, dc1 may be given 300/s; out of service: web4"),
        (330, (replace(halves(WHOLE), retreat=True),), ""),  # back to where they were
        (
            300,
            (halves(WHOLE), Drain("dc1", ("web1",))),
            "are 300/s, dc1 may be given 200/s when 1 leave",
        ),
        (200, (halves(WHOLE), Drain("dc1", ("web1",))), ""),
    ],
)
def test_rule_5_no_site_gets_more_than_its_hosts_carry(load: float, steps: tuple[Step, ...], said: str) -> None:
    legs = (Leg("x", "", (Stage("x", "", steps),)),)
    three = Picture({**BOTH.hosts, "web4": seen("web4", OUT, OUT)}, BOTH.splits)
    if not said:
        prove(Plan(carrying(load), legs), three)
        return
    with pytest.raises(UnsafePlan) as refused:
        prove(Plan(carrying(load), legs), three)
    assert refused.value.what.startswith("rule 5: ")
    assert said in refused.value.what
    prove(Plan(carrying(load, emergency=True), legs), three)


def test_looking_again_changes_only_what_changed() -> None:
    it = Pool.of(FOUR, intent(pool(4, ("dc1",))))
    for again in (seen("web1", UP, UP, release=None), seen("web1", OUT, OUT, release=None)):
        it.see(again)
    assert it.release["web1"] == "1.0"
    assert it.up == {"dc1": 3}
    assert it.serves == {("dc1", "1.0"): 3}
    it.see(seen("web1", UP, UP, release="1.1"))
    assert it.serves == {("dc1", "1.0"): 3, ("dc1", "1.1"): 1}
    it.discount("web1")
    assert it.up == {"dc1": 3}
    assert breaches(it, Deploy("dc1", ("web1",), NEW)), "not counted, and still not idle"


def test_plan_and_proof_grow_with_the_hosts_and_not_with_their_square() -> None:
    """The bench measures; a square would be sixteen times as much, and no load explains that of CPU time."""
    assert row()["hosts_4000_ratio"] < 12
