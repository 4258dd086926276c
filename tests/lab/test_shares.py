"""The share that is set is the share that is measured, whatever the number of servers; two sites agree on every user"""

from __future__ import annotations

import math
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from deployer.lab import lifecycle
from deployer.traffic.users import EVERY, TABLE
from tests.lab.sides import CALL, NEW, OLD, PAGE, sides

pytestmark = pytest.mark.lab
WHOLE = 10_000
SHARES = (10, 100, 500, 5_000)
VISITORS = 3_000
LIVES = {"shop_a": OLD, "shop_b": NEW}
ON_CANARY = f"Cookie: dp_bucket=1; dp_release={NEW}\r\n"


def _within(count: int, tries: int, share: int) -> bool:
    """Six standard deviations of the binomial: one time in 500 million it is not so."""
    p = share / WHOLE
    return abs(count - tries * p) <= 6 * math.sqrt(tries * p * (1 - p))


@pytest.mark.parametrize("servers", [1, 4, 50])
def test_the_measured_share_is_the_set_one(tmp_path: Path, servers: int) -> None:
    with sides(tmp_path, 1, servers) as site:
        for share in SHARES:
            site.share(share)
            pages = site.answers([PAGE] * VISITORS)
            assert all(reply.bucket is not None and (reply.bucket < share) == (reply.release == NEW) for reply in pages)
            calls = site.answers([CALL] * VISITORS)
            assert all(reply.bucket is None for reply in calls), "who keeps no cookie is given none with a call"
            for seen in (pages, calls):
                over = sum(reply.release == NEW for reply in seen)
                assert _within(over, VISITORS, share), f"{over} of {VISITORS} at {share / 100} %"


def test_of_all_the_buckets_exactly_the_share_is_over_and_two_sites_agree_on_each(tmp_path: Path) -> None:
    users = [f"{PAGE}Cookie: dp_bucket={bucket}\r\n" for bucket in range(WHOLE)]
    with ExitStack() as stack:
        one = stack.enter_context(sides(tmp_path / "dc1", 1, 1))
        two = stack.enter_context(sides(tmp_path / "dc2", 2, 4))
        for share in SHARES:
            one.share(share)
            two.share(share)
            there = one.answers(users)
            assert [reply.release for reply in there] == [NEW] * share + [OLD] * (WHOLE - share)
            some = sorted({0, share - 1, share, WHOLE - 1, *Random(share).sample(range(WHOLE), 500)})
            assert two.answers([users[bucket] for bucket in some]) == [there[bucket] for bucket in some]


def test_who_was_given_a_number_at_one_site_has_the_same_release_at_the_other(tmp_path: Path) -> None:
    with sides(tmp_path / "dc1", 1, 4) as one, sides(tmp_path / "dc2", 2, 1) as two:
        one.share(2_500)
        two.share(2_500)
        given = one.answers([PAGE] * 400)
        jars = [f"Cookie: dp_bucket={reply.bucket}; dp_release={reply.release}\r\n" for reply in given]
        for headers in (PAGE, CALL):
            again = two.answers([headers + jar for jar in jars])
            assert [(reply.release, reply.bucket) for reply in again] == [(reply.release, None) for reply in given]


def test_users_are_counted_for_each_release_by_their_numbers_when_pages_load(tmp_path: Path) -> None:
    with sides(tmp_path, 1, 1) as site:
        site.share(2_500)
        given = site.answers([PAGE] * 1600)
        jars = [f"Cookie: dp_bucket={reply.bucket}; dp_release={reply.release}\r\n" for reply in given]
        site.answers([PAGE + jar for jar in jars])
        site.answers([CALL] * 50)
        fourth = [one for one in given if one.bucket is not None and one.bucket % EVERY == 0]
        numbers = {slot: {one.bucket for one in fourth if one.release == release} for slot, release in LIVES.items()}
        used = {found["backend"]: int(found["used"]) for found in TABLE.finditer(site.told("show table"))}
        assert used == {slot: len(found) for slot, found in numbers.items()}


def test_a_canary_whose_last_host_is_drained_costs_nobody_an_error(tmp_path: Path) -> None:
    users = [PAGE + ON_CANARY, CALL + ON_CANARY, PAGE, CALL] * 25
    with sides(tmp_path, 1, 1) as site:
        site.share(WHOLE // 2)
        assert site.answers([PAGE + ON_CANARY])[0].release == NEW
        site.leave("B")
        seen = []
        while site.standing()["shop_b", "NOLB"] != 1:
            seen += site.answers(users)
        after = site.answers(users)
        assert {reply.code for reply in seen + after} == {200}
        assert {reply.release for reply in after} == {OLD}, "as everybody without a canary"
        assert {reply.code for reply in site.answers([CALL + ON_CANARY], path=f"/assets/app.{NEW}.js")} == {200}


def test_a_canary_whose_last_host_is_dead_costs_nobody_an_error_once_that_is_seen(tmp_path: Path) -> None:
    users = [PAGE + ON_CANARY, CALL + ON_CANARY, PAGE, CALL] * 25
    with sides(tmp_path, 1, 1) as site:
        site.share(WHOLE // 2)
        site.die("B")
        lifecycle.wait(site.standing, lambda seen: seen["shop_b", "DOWN"] == 2)
        assert {(reply.code, reply.release) for reply in site.answers(users)} == {(200, OLD)}
