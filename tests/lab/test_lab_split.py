"""What the balancers' template promises, asked of real HAProxy"""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from base64 import b64encode
from dataclasses import dataclass
from http.client import HTTPConnection

import pytest

from deployer.lab import balancer, host, lifecycle
from deployer.lab.layout import SERVICE_PORT, Lab, Machine
from deployer.lab.load import control

pytestmark = pytest.mark.lab
OLD, NEW = "1.0.0", "1.1.0"
DOCUMENT = {"Sec-Fetch-Dest": "document", "Accept": "text/html"}
CALL = {"Sec-Fetch-Dest": "empty", "Accept": "*/*"}
SPLIT = {
    "slot.map": {"stable": OLD, "canary": NEW},
    "rel.map": {OLD: "shop_a", NEW: "shop_b"},
    "asset.map": {OLD: "shop_a", NEW: "shop_b"},
}
NOTHING: dict[str, dict[str, str]] = {"slot.map": {}, "rel.map": {}, "asset.map": {}}
FORGED = ("99999", "-1", "abc", "12.5", "0x10", "1 2", "9" * 4000, "../../etc/passwd", "%00")


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    release: str
    cookies: dict[str, str]
    cache: str
    body: bytes


class Browser:
    """One client connection to one balancer; a cookie is sent only when a test says so."""

    def __init__(self, one: Machine) -> None:
        self._link = HTTPConnection(one.address, SERVICE_PORT, timeout=20)

    def ask(self, target: str, headers: dict[str, str], **cookies: str) -> Reply:
        jar = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
        self._link.request("GET", target, headers={**headers, **jar})
        reply = self._link.getresponse()
        given = dict(cookie.split(";")[0].split("=", 1) for cookie in reply.headers.get_all("Set-Cookie") or ())
        cache = reply.headers.get("Cache-Control", "")
        return Reply(reply.status, reply.headers.get("X-Release", ""), given, cache, reply.read())

    def page(self, **cookies: str) -> Reply:
        return self.ask("/", DOCUMENT, **cookies)

    def call(self, **cookies: str) -> Reply:
        return self.ask("/api/x", CALL, **cookies)


def tell(lab: Lab, share: int, maps: dict[str, dict[str, str]]) -> None:
    """Every balancer, on disk and at run time."""
    everything = {"pct.map": {"pct": str(share)}, **maps}
    for one in lab.balancers:
        for name, entries in everything.items():
            path = one.maps / name
            path.write_text("".join(f"{key} {value}\n" for key, value in entries.items()))
            words = [f"add map @{{0}} {path} {key} {value}" for key, value in entries.items()]
            version = balancer.ask(one.socket, f"prepare map {path}").split(":")[1].strip()
            line = ";".join([*words, f"commit map @{{0}} {path}"]).format(version)
            assert not balancer.ask(one.socket, line).strip()


@pytest.fixture(scope="module")
def split(lab: Lab) -> Lab:
    """The second host of each site is on the new release, in slot b."""
    for site in ("dc1", "dc2"):
        host.put(lab.machine(f"{site}-web2"), lab.artifacts / f"shop-{NEW}.tar.gz", NEW, slot="B")
    _again(lab, lab.balancers[1], balancer_faults="")
    _again(lab, lab.balancers[2], balancer_faults="", balancer_alone=False)
    lifecycle.wait(lambda: [_up(one) for one in lab.balancers], all)
    return lab


def _up(one: Machine) -> bool:
    rows = [line.split(",") for line in balancer.ask(one.socket, "show stat -1 4 -1").splitlines()]
    up = {(row[0], row[1]) for row in rows if len(row) > 36 and row[17].startswith("UP")}
    return up == {("shop_a", f"{one.site}-web1"), ("shop_b", f"{one.site}-web2")}


@pytest.fixture(params=(0, 1, 2), ids=("for drills", "provisioned", "in a frontend of yours"))
def browser(split: Lab, request: pytest.FixtureRequest) -> Browser:
    """Of each way in which the rules are written."""
    return Browser(split.balancers[request.param])


def test_with_empty_maps_slot_a_has_everything_and_nobody_a_cookie(split: Lab, browser: Browser) -> None:
    tell(split, 0, NOTHING)
    for reply in (browser.page(), browser.page(dp_bucket="3", dp_release=NEW), browser.call(), browser.page()):
        assert (reply.release, reply.cookies, reply.cache) == (OLD, {}, "")


def test_a_bucket_below_the_share_and_no_other_is_on_the_canary(split: Lab, browser: Browser) -> None:
    tell(split, 2000, SPLIT)
    for bucket, release in (("0", NEW), ("1999", NEW), ("2000", OLD), ("9999", OLD)):
        reply = browser.page(dp_bucket=bucket)
        assert (reply.release, reply.cookies) == (release, {"dp_release": release})
        assert browser.page(dp_bucket=bucket, dp_release=release).cookies == {}


def test_who_came_over_elsewhere_a_moment_earlier_is_not_sent_back(split: Lab, browser: Browser) -> None:
    tell(split, 0, {**SPLIT, "pct.map": {"pct": "0", "keep": "200"}})
    assert browser.page(dp_bucket="150", dp_release=NEW).release == NEW
    assert browser.call(dp_bucket="150", dp_release=NEW).release == NEW
    assert browser.page(dp_bucket="150", dp_release=OLD).release == OLD
    assert browser.page(dp_bucket="250", dp_release=NEW).release == OLD
    assert browser.page(dp_bucket="150").release == OLD


def test_the_share_of_new_visitors_is_the_set_one(split: Lab, browser: Browser) -> None:
    tell(split, 2500, SPLIT)
    seen = [browser.page() for _ in range(1200)]
    share = sum(reply.release == NEW for reply in seen) / len(seen)
    assert abs(share - 0.25) < 6 * math.sqrt(0.25 * 0.75 / len(seen))
    for reply in seen:
        assert (int(reply.cookies["dp_bucket"]) < 2500) == (reply.release == NEW)
    assert len({reply.cookies["dp_bucket"] for reply in seen}) > 1000


def test_the_first_page_is_nobody_elses_the_second_is_left_alone(split: Lab, browser: Browser) -> None:
    tell(split, 5000, SPLIT)
    first = browser.page()
    assert set(first.cookies) == {"dp_bucket", "dp_release"}
    assert first.cache == "private, no-store"
    second = browser.page(**first.cookies)
    assert (second.cookies, second.cache, second.release) == ({}, "", first.release)


def test_a_page_of_an_old_browser_is_told_by_its_accept(split: Lab, browser: Browser) -> None:
    tell(split, 10000, SPLIT)
    assert set(browser.ask("/", {"Accept": "text/html,*/*"}).cookies) == {"dp_bucket", "dp_release"}
    assert browser.ask("/", {"Accept": "*/*"}).cookies == {}
    assert browser.ask("/", {"Accept": "text/html", "Sec-Fetch-Dest": "script"}).cookies == {}


def test_what_a_page_asks_for_follows_the_page_until_the_next_page(split: Lab, browser: Browser) -> None:
    tell(split, 5000, SPLIT)
    assert browser.call(dp_bucket="7000", dp_release=NEW).release == NEW
    assert browser.call(dp_bucket="3", dp_release=OLD).release == OLD
    assert browser.page(dp_bucket="3", dp_release=OLD).release == NEW


def test_assets_come_from_their_release_whatever_the_cookie_says(split: Lab, browser: Browser) -> None:
    tell(split, 0, SPLIT)
    for release in (OLD, NEW):
        for name in (f"app.{release}.js", f"style.{release}.css", f"lazy.{release}.js"):
            for pin in (OLD, NEW):
                reply = browser.ask(f"/assets/{name}", CALL, dp_release=pin, dp_bucket="1")
                assert (reply.code, reply.release, reply.cookies) == (200, release, {})
    assert browser.ask("/assets/app.9.9.9.js", CALL).code == 404


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_cookie_is_no_decision(split: Lab, browser: Browser, forged: str) -> None:
    tell(split, 10000, SPLIT)
    reply = browser.page(dp_bucket=forged, dp_release=forged)
    assert reply.release == NEW
    assert reply.cookies["dp_release"] == NEW
    assert 0 <= int(reply.cookies["dp_bucket"]) <= 9999
    assert browser.call(dp_release=forged, dp_tester=forged).release == NEW
    tell(split, 0, SPLIT)
    assert browser.page(dp_bucket=forged, dp_release=forged).release == OLD
    assert browser.ask("/", {**DOCUMENT, "X-Deployer-Release": forged.replace("\0", "")}).release == OLD


def test_share_0_means_nobody_pins_and_buckets_included(split: Lab, browser: Browser) -> None:
    tell(split, 0, SPLIT)
    assert browser.page(dp_bucket="0", dp_release=NEW).release == OLD
    assert browser.page(dp_bucket="0", dp_release=NEW).cookies == {"dp_release": OLD}
    assert browser.call(dp_bucket="0", dp_release=NEW).release == OLD


def test_a_tester_reaches_the_canary_at_share_0(split: Lab, browser: Browser) -> None:
    tell(split, 0, SPLIT)
    assert browser.ask("/", {**DOCUMENT, "X-Deployer-Release": NEW}).release == NEW
    assert browser.call(dp_tester=NEW, dp_release=OLD).release == NEW
    assert browser.ask("/", {**DOCUMENT, "X-Deployer-Release": "9.9.9"}).release == OLD


def test_the_cookies_of_the_application_are_left_alone(split: Lab, browser: Browser) -> None:
    tell(split, 5000, SPLIT)
    reply = browser.ask("/api/basket", DOCUMENT)
    assert reply.cookies["basket"] == "full"
    assert {"dp_bucket", "dp_release"} < reply.cookies.keys()


def test_a_release_that_became_stable_in_slot_b_has_everybody_without_cookies(split: Lab, browser: Browser) -> None:
    tell(split, 0, {**SPLIT, "slot.map": {"stable": NEW}, "rel.map": {NEW: "shop_b"}})
    assert (browser.page().release, browser.page().cookies) == (NEW, {})
    assert browser.call(dp_release=OLD).release == NEW
    assert browser.ask(f"/assets/app.{OLD}.js", CALL).release == OLD


@pytest.mark.parametrize("stands", [OLD, NEW], ids=("abort", "promote"))
def test_cookies_and_pins_end_with_the_run(split: Lab, browser: Browser, stands: str) -> None:
    """Neither those it gave, nor a tester's, nor one that names what is gone: no decision, no cookie, no error."""
    tell(split, 5000, SPLIT)
    assert browser.page(dp_bucket="1", dp_release=OLD).cookies == {"dp_release": NEW}
    end = {"slot.map": {"stable": stands}, "rel.map": {stands: SPLIT["rel.map"][stands]}}
    tell(split, 0, {**SPLIT, **end})
    for release in (OLD, NEW, "0.9.0", "9" * 3000):
        for jar in ({"dp_bucket": "1", "dp_release": release}, {"dp_bucket": "9999", "dp_tester": release}):
            for kind in (DOCUMENT, CALL):
                reply = browser.ask("/", {**kind, "X-Deployer-Release": release}, **jar)
                assert (reply.code, reply.release, reply.cookies) == (200, stands, {}), (release, jar)


def test_a_canary_without_servers_falls_back_to_stable(split: Lab, browser: Browser) -> None:
    tell(split, 10000, {**SPLIT, "rel.map": {OLD: "shop_a", NEW: "shop_gone"}})
    assert browser.page(dp_bucket="1").release == OLD
    assert browser.call(dp_release=NEW).release == OLD


def test_a_ladder_with_a_reload_loses_nothing_and_mixes_nothing(split: Lab) -> None:
    tell(split, 0, SPLIT)
    running = control.start(split, rate=120, users=20)
    for share in (1000, 5000):
        tell(split, share, SPLIT)
        time.sleep(1.5)
        for one in split.balancers:
            balancer.reload(one)
    tell(split, 10000, SPLIT)
    time.sleep(1.5)
    seen = control.stop(running)
    assert seen.requests > 300
    assert seen.pages > 50
    assert (seen.failed, seen.mixed_pages, seen.all["mixed_calls"]) == (0, 0, 0), seen.all
    assert set(seen.flips) == {f"{OLD}>{NEW}"}


def test_a_signed_tester_is_heard_and_an_unsigned_is_not(split: Lab) -> None:
    tell(split, 0, SPLIT)
    one = split.balancers[0]
    key = b"a key of the testers"
    _again(split, one, balancer_tester_key=b64encode(key).decode())
    tell(split, 0, SPLIT)
    signed = f"{NEW}~{hmac.new(key, NEW.encode(), hashlib.sha256).hexdigest()}"
    fresh = Browser(one)
    assert fresh.ask("/", {**DOCUMENT, "X-Deployer-Release": signed}).release == NEW
    assert fresh.page(dp_tester=signed).release == NEW
    for forged in (NEW, f"{NEW}~", f"{NEW}~{'0' * 64}", f"{OLD}~{signed.split('~')[1]}", "~", signed + "0"):
        assert fresh.page(dp_tester=forged).release == OLD, forged


def test_first_seen_keeps_the_release_first_seen(split: Lab) -> None:
    one = split.balancers[0]
    _again(split, one, sticky="first-seen")
    tell(split, 5000, SPLIT)
    browser = Browser(one)
    first = browser.page()
    assert set(first.cookies) == {"dp_release", "dp_bucket"}, "the number is looked at once, and counted"
    for share in (1, 9999):
        tell(split, share, SPLIT)
        for release in (OLD, NEW):
            reply = browser.page(dp_release=release, dp_bucket="5000")
            assert (reply.release, reply.cookies) == (release, {})
            assert set(browser.page(dp_release=release).cookies) == {"dp_release", "dp_bucket"}
        assert browser.page(dp_bucket="5000").release == (NEW if share > 5000 else OLD)
    tell(split, 0, SPLIT)
    assert browser.page(dp_release=NEW).release == OLD
    seen = [browser.page().release for _ in range(20)]
    assert set(seen) == {OLD}


def _again(lab: Lab, one: Machine, *, sticky: str = "bucket", **more: object) -> None:
    balancer.prepare(lab, one, sticky=sticky, **more)
    balancer.reload(one)
