"""What the nginx template promises, and that numbers below a share are exactly those"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from deployer.gates.bake import Counts
from deployer.model import Release, Split
from deployer.steps import Drain, Readmit, Shift
from deployer.traffic.maps import Maps
from deployer.traffic.nginx import tables
from deployer.traffic.nginx.below import below
from tests.ssh.parts import until
from tests.traffic.nginx_parts import NginxSite, Reply, nginx_site
from tests.traffic.parts import Ordered

SHARES = (0, 1, 2, 9, 10, 11, 99, 100, 101, 500, 999, 1000, 1001, 2500, 4999, 5000, 7090, 9001, 9990, 9999, 10_000)
DOCUMENT = {"Sec-Fetch-Dest": "document", "Accept": "text/html"}
CALL = {"Sec-Fetch-Dest": "empty", "Accept": "*/*"}
FORGED = ("99999", "-1", "abc", "12.5", "0x10", "1:1", "9" * 4000, "../../etc/passwd", "%00", "")


@pytest.mark.parametrize("share", SHARES)
def test_exactly_the_numbers_below_the_share_match(share: int) -> None:
    pattern = re.compile(below(share))
    found = [bucket for bucket in range(10_000) if pattern.search(f"000{bucket}")]
    assert found == list(range(share))
    assert [bucket for bucket in range(10_000) if pattern.search(f"000{bucket:04}")] == found
    assert not [bad for bad in FORGED if pattern.search(f"000{bad}")]


@pytest.mark.parametrize("keep", [None, 400, 900])
def test_maps_are_read_back_as_they_were_written(keep: int | None) -> None:
    both = (("1.0.0", "shop_a"), ("1.1.0+b_2-x", "shop_b"))
    maps = Maps(500, "1.0.0", "1.1.0+b_2-x", both, (*both, ("0.9", "shop_a")), keep)
    text = tables.text(maps, "shop", "ab", "servers")
    assert tables.maps(text).same(maps)
    assert tables.genuine(text, "servers")
    assert not tables.genuine(text, "other servers")


@pytest.fixture(scope="module")
def dc1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NginxSite]:
    """web1 carries 2.0.0 in slot b; 1.0.0 is the stable one."""
    order = Ordered().order
    with nginx_site(tmp_path_factory.mktemp("nginx"), "127.9.32", hosts=2) as found:
        found.traffic.shift(Shift("dc1", Split((("1.0.0", 10_000),))), order)
        found.traffic.drain(Drain("dc1", ("web1",)), order)
        found.traffic.readmit(Readmit("dc1", ("web1",), Release("2.0.0"), "b"), order)
        yield found


def to(dc1: NginxSite, share: int) -> None:
    dc1.traffic.shift(Shift("dc1", Split((("1.0.0", 10_000 - share), ("2.0.0", share)))), Ordered().order)


def page(dc1: NginxSite, headers: dict[str, str] | None = None, **cookies: str) -> Reply:
    return _ask(dc1, "/", {**DOCUMENT, **(headers or {})}, cookies)


def call(dc1: NginxSite, **cookies: str) -> Reply:
    return _ask(dc1, "/api/x", CALL, cookies)


def _ask(dc1: NginxSite, path: str, headers: dict[str, str], cookies: dict[str, str]) -> Reply:
    jar = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
    return dc1.get(path, headers={**headers, **jar})


def on_canary(reply: Reply) -> bool:
    assert reply.code == 200
    return reply.body == "web1"


@pytest.mark.parametrize("share", [1, 1234, 9999])
def test_a_bucket_below_the_share_and_no_other_is_on_the_canary(dc1: NginxSite, share: int) -> None:
    to(dc1, share)
    for bucket in (0, share - 1, share, 9999):
        reply = page(dc1, dp_bucket=str(bucket))
        release = "2.0.0" if bucket < share else "1.0.0"
        assert (on_canary(reply), reply.cookies) == (bucket < share, {"dp_release": release})
        assert page(dc1, dp_bucket=str(bucket), dp_release=release).cookies == {}


def test_the_decision_in_all_its_cases(dc1: NginxSite) -> None:
    """A page decides, what it asks for follows; assets and testers name a release; nonsense is not heard."""
    to(dc1, 2000)
    first = page(dc1)
    assert first.cookies.keys() == {"dp_bucket", "dp_release"}
    assert first.cache == "private, no-store"
    assert on_canary(first) is (int(first.cookies["dp_bucket"]) < 2000)
    assert on_canary(call(dc1, dp_bucket="9000", dp_release="2.0.0"))
    assert not on_canary(call(dc1, dp_bucket="3", dp_release="1.0.0"))
    assert call(dc1, dp_bucket="3").cookies == {}
    assert not on_canary(page(dc1, dp_bucket="9000", dp_release="2.0.0"))
    assert on_canary(dc1.get("/assets/app.2.0.0.js", headers={"Cookie": "dp_release=1.0.0"}))
    assert not on_canary(dc1.get("/assets/app.1.0.0.js", headers={"Cookie": "dp_release=2.0.0"}))
    assert on_canary(page(dc1, {"X-Deployer-Release": "2.0.0"}, dp_bucket="9999"))
    assert on_canary(page(dc1, dp_bucket="9999", dp_tester="2.0.0"))
    for forged in FORGED:
        assert not on_canary(call(dc1, dp_bucket="9999", dp_release=forged or "x"))
        assert not on_canary(page(dc1, {"X-Deployer-Release": forged}, dp_bucket="9999"))
        assert "dp_bucket" in page(dc1, dp_bucket=forged or "x").cookies


def test_share_zero_means_nobody_but_testers(dc1: NginxSite) -> None:
    to(dc1, 5000)
    to(dc1, 0)
    assert not on_canary(call(dc1, dp_bucket="0", dp_release="2.0.0"))
    assert not on_canary(page(dc1, dp_bucket="0", dp_release="2.0.0"))
    assert on_canary(page(dc1, {"X-Deployer-Release": "2.0.0"}))


def test_new_visitors_get_the_share_and_are_counted(dc1: NginxSite) -> None:
    to(dc1, 3000)
    before = dc1.traffic.counts(["dc1"])
    many = 300
    shares = Counter(on_canary(page(dc1)) for _ in range(many))
    assert abs(shares[True] - many * 0.3) < 5 * math.sqrt(many * 0.3 * 0.7)

    def counted() -> bool:
        after = dc1.traffic.counts(["dc1"])
        new = {
            release: after["lb1", release].since(before.get(("lb1", release), Counts())).requests
            for release in ("1.0.0", "2.0.0")
        }
        return new == {"1.0.0": shares[False], "2.0.0": shares[True]}

    until(counted, "every request is counted once")


def test_users_are_counted_for_each_release_by_their_numbers_when_pages_load(dc1: NginxSite) -> None:
    to(dc1, 3000)
    (dc1.balancers["lb1"].maps / "requests.log").write_text("shop_a 200 0.001 127.0.0.1:80\n")
    assert dc1.traffic.users(["dc1"]) == {}, "a log of before, without numbers"
    jars = [page(dc1).cookies for _ in range(60)]
    for jar in jars:
        page(dc1, None, **jar)
        call(dc1, dp_bucket="1", dp_release=jar["dp_release"])
    numbers = Counter(release for release, _ in {(jar["dp_release"], int(jar["dp_bucket"])) for jar in jars})
    until(
        lambda: dc1.traffic.users(["dc1"]) == {("lb1", release): count for release, count in numbers.items()},
        "each number is counted once, and where it loaded its page",
    )
