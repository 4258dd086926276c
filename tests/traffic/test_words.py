"""What HAProxy says, as values; shares as maps and weights"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import StepFailed
from deployer.model import WHOLE, Split, Standing
from deployer.traffic.maps import Maps, answers, entries, of_entries
from deployer.traffic.stat import Workers, info, rows, workers
from deployer.traffic.wanted import NOTHING, before, between, wanted
from deployer.traffic.weights import weights

HEAD = (
    "# pxname,svname,qcur,scur,stot,status,weight,check_status,check_code,"
    "idle_conn_cur,safe_conn_cur,uweight,cookie,mode,-,"
)


@pytest.mark.parametrize(
    ("status", "standing", "by_hand"),
    [
        ("UP", Standing.UP, False),
        ("UP 1/3", Standing.UP, False),
        ("no check", Standing.UP, False),
        ("NOLB", Standing.OUT, False),
        ("NOLB 1/2", Standing.OUT, False),
        ("DRAIN", Standing.OUT, True),
        ("MAINT", Standing.OUT, True),
        ("MAINT (via shop/web1)", Standing.OUT, True),
        ("DOWN", Standing.DOWN, False),
        ("DOWN 1/2", Standing.DOWN, False),
        ("DOWN (agent)", Standing.DOWN, False),
    ],
)
def test_a_status_is_a_standing(status: str, standing: Standing, by_hand: bool) -> None:
    (row,) = rows(f"{HEAD}\nshop_a,web1,1,2,30,{status},100,L7OK,200,3,4,100,,http,-,\n\n")
    assert (row.standing, row.by_hand) == (standing, by_hand)
    assert (row.queued, row.sessions, row.total, row.idle) == (1, 2, 30, 7)


def test_several_answers_on_one_line() -> None:
    two = "shop_a,web1,0,0,0,UP,1,,,0,0,1,,tcp,-,\nshop_a,BACKEND,0,0,9,UP,1,,,,,1,,tcp,-,"
    said = f"Name: HAProxy\nPid: 12\nStopping: 0\n\n{HEAD}\n\n{HEAD}\n{two}\n\n"
    assert info(said, "Pid") == "12"
    assert [(row.backend, row.server) for row in rows(said)] == [("shop_a", "web1"), ("shop_a", "")]


def test_workers_new_and_old() -> None:
    said = """#<PID>          <type>          <reloads>       <uptime>        <version>
18718           master          1 [failed: 0]   0d00h00m03s     2.6.12-1+deb12u4
# workers
18790           worker          0               0d00h00m01s     2.6.12-1+deb12u4
# old workers
18735           worker          1               0d00h00m02s     2.6.12-1+deb12u4
# programs

"""
    assert workers(said) == Workers((18790,), (18735,))


def test_maps_of_several_answers_some_empty_some_missing() -> None:
    said = "0x55d0 pct 100\n\n\n0x55d1 1.0.0 shop_a\n0x55d2 2.0.0 shop_b\n\n"
    said += "Unknown map identifier. Please use #<id> or <file>.\n\n"
    found = [entries(answer) for answer in answers(said)][:4]
    assert found == [(("pct", "100"),), (), (("1.0.0", "shop_a"), ("2.0.0", "shop_b")), None]


TWO = (("1.0.0", "shop_a"), ("2.0.0", "shop_b"))
HALF = Maps(5000, "1.0.0", "2.0.0", TWO, TWO)
BOTH = {"1.0.0": "a", "2.0.0": "b"}


def split(**shares: int) -> Split:
    return Split(tuple((name.removeprefix("v").replace("_", "."), share) for name, share in shares.items()))


@pytest.mark.parametrize(
    ("asked", "now", "lives", "then"),
    [
        (split(v1_0_0=WHOLE), NOTHING, {}, Maps(0, "1.0.0", "", TWO[:1], TWO[:1])),
        (split(v1_0_0=9999, v2_0_0=1), NOTHING, BOTH, Maps(1, "1.0.0", "2.0.0", TWO, TWO)),
        (
            split(v2_0_0=0, v1_0_0=WHOLE),
            Maps(0, "1.0.0", "", TWO[:1], TWO[:1]),
            {},
            Maps(0, "1.0.0", "2.0.0", TWO[::-1], TWO[::-1]),
        ),
        (split(v1_0_0=0, v2_0_0=WHOLE), HALF, BOTH, Maps(WHOLE, "1.0.0", "2.0.0", TWO, TWO)),
        (split(v2_0_0=WHOLE), HALF, BOTH, Maps(0, "2.0.0", "", TWO[1:], TWO[::-1])),
        (split(v1_0_0=WHOLE), HALF, BOTH, Maps(0, "1.0.0", "", TWO[:1], TWO)),
    ],
    ids=["first", "hundredth", "dark", "all on the canary", "finished", "aborted"],
)
def test_a_split_becomes_maps(asked: Split, now: Maps, lives: dict[str, str], then: Maps) -> None:
    found = wanted(asked, now, "shop", lives, frozenset("ab"))
    assert found.same(then)
    assert found.split is not None
    assert {name: found.split.of(name) for name, _ in asked.shares} == dict(asked.shares)


def test_assets_of_a_gone_release_go_with_its_hosts() -> None:
    assert wanted(split(v2_0_0=WHOLE), HALF, "shop", BOTH, frozenset("b")).assets == TWO[1:]


def test_two_releases_in_one_slot_cannot_share_users() -> None:
    with pytest.raises(StepFailed, match="both in slot a"):
        wanted(split(v1_0_0=5000, v2_0_0=5000), NOTHING, "shop", {"1.0.0": "a", "2.0.0": "a"}, frozenset("a"))
    with pytest.raises(StepFailed, match="not on more"):
        wanted(split(v1_0_0=5000, v2_0_0=4000, v3_0_0=1000), NOTHING, "shop", BOTH, frozenset("ab"))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, WHOLE), st.integers(0, WHOLE), st.booleans(), st.booleans())
def test_on_the_way_every_release_with_a_share_is_known(was: int, share: int, start: bool, finish: bool) -> None:
    """At each stage of a raise, whatever a balancer already has of the next one."""
    now = Maps(0, "1.0.0", "", TWO[:1], TWO[:1]) if start else Maps(was, "1.0.0", "2.0.0", TWO, TWO)
    asked = split(v2_0_0=WHOLE) if finish else split(v1_0_0=WHOLE - share, v2_0_0=share)
    then = wanted(asked, now, "shop", BOTH, frozenset("ab"))
    line = (now, before(now, then), between(now, then), then)
    for one, other in pairwise(line):
        named = {role for role in (one.stable, one.canary, other.stable, other.canary) if role}
        assert named <= dict(one.releases).keys() | dict(other.releases).keys()
        for role in (other.stable, other.canary):
            assert not role or role in dict(other.releases)
    assert line[1].split is None or line[1].pct == now.pct


def test_maps_and_their_texts_are_the_same() -> None:
    for maps in (replace(HALF, keep=HALF.pct), replace(HALF, keep=HALF.pct + 100)):
        assert of_entries(dict(maps.texts())) == maps
        assert maps.same(HALF)
    assert not replace(HALF, keep=HALF.pct).same(replace(HALF, keep=HALF.pct + 100))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 100))
def test_whole_percents_are_exact(percent: int) -> None:
    found = weights({"dc1": percent * 100, "dc2": (100 - percent) * 100}, {"dc1": 1, "dc2": 1})
    assert found == {"dc1": percent, "dc2": 100 - percent}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 4)), min_size=2, max_size=4))
def test_weights_are_near_and_nobody_is_forgotten(sites: list[tuple[int, int]]) -> None:
    whole = sum(share for share, _ in sites)
    if not whole:
        return
    shares = {f"dc{n}": share * WHOLE // whole for n, (share, _) in enumerate(sites)}
    servers = {f"dc{n}": count for n, (_, count) in enumerate(sites)}
    found = weights(shares, servers)
    total = sum(weight * servers[site] for site, weight in found.items())
    for site, weight in found.items():
        assert 0 <= weight <= 256
        assert (weight == 0) == (shares[site] == 0)
        assert abs(weight * servers[site] / total - shares[site] / sum(shares.values())) < 0.02
