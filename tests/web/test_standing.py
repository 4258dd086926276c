"""How things stand between runs: tiers of traffic, capacity, the lock; and a secret that is nowhere"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from deployer.events import SERVICE, Begun, Done, End, Ended, Frozen, Planned, Record
from deployer.model import WHOLE, Capacity, Release, Split
from deployer.plan import Leg, Plan, Stage
from deployer.report.account import account
from deployer.settings.capacity import CapacityValues
from deployer.steps import Shift
from deployer.web.people import Role
from deployer.web.remembered import capacities, remembered
from deployer.world import Outcome
from tests.report import records
from tests.report.test_verdicts import failed, passed
from tests.web.ground import Dashboard, canary, dashboard, put_down, writing
from tests.web.test_acting import ended, sent

RUN = "20261128-030000-cccc"
SECRET = "Planted-4711-hunter2"


def test_shares_are_those_of_the_last_run_that_set_them() -> None:
    found = remembered([passed().it.journal.records, failed().it.journal.records])
    assert {scope: str(share.split) for scope, share in found.shares.items()} == {
        scope: str(split) for scope, split in account(failed().it.journal.records).shares
    }
    assert {host.release for host in found.hosts.values()} == {"1.0"}
    assert remembered([]).shares == {}


def moved(share: int) -> list[Record]:
    """Users move between two sites, held against what hosts carry."""
    shift = Shift("edge", Split((("dc1", share), ("dc2", WHOLE - share))))
    intent = replace(records.intent(), capacity=Capacity(100.0, {}))
    plan = Plan(intent, (Leg("edge", "", (Stage("edge", "", (shift,)),)),))
    began = Planned("ann@ops", plan, records.PICTURE)
    carried = Outcome(carries=((records.WEB1, 50.0),))
    return records.records([(0.0, began), (1.0, Begun(0, 1)), (2.0, Done(0, 1, carried)), (3.0, Ended(End.DONE))])


def test_what_a_site_carries_is_told_against_what_it_is_given_and_would_be_given() -> None:
    values = CapacityValues(requests_per_host=100)
    one, other = capacities(remembered([moved(4_000)]), values, ("dc1", "dc2"))
    assert (one.serving, one.hosts, one.carries, one.asked, one.alone) == (2, 2, 0.8 * (50 + 100), 40.0, 100.0)
    assert (round(one.part(one.asked) or 0), round(one.part(one.alone) or 0)) == (33, 83)
    assert (other.asked, other.carries, other.part(other.asked)) == (60.0, 0.0, None)
    assert capacities(remembered([records.went_well()]), CapacityValues(), ("dc1",)) == ()


def test_the_pages_say_what_stands(board: Dashboard) -> None:
    one = board.visitor()
    assert "Nobody is at work" in one.get("/lock").text
    assert "nothing is frozen" in one.get("/lock").text
    with writing(board.desk.inventory) as book:
        book.journal.append(SERVICE, Frozen("bob", "year end"), epoch=None)
    assert "frozen by bob: year end" in one.get("/lock").text
    assert "Nothing was run yet" in one.get("/").text, "a freeze is no run"
    assert "Nobody knows what a host carries" in one.get("/capacity").text
    assert "No run of late" in one.get("/traffic").text
    put_down(board.desk.inventory, RUN, canary(), held=True)
    assert "Held by ann@ops for run" in one.get("/lock").text
    page = one.get("/traffic").text
    assert re.search(r'aria-label="1\.0 50 %, 1\.1 50 %"', page)
    assert RUN in page
    assert "dc2-web4" in one.get("/capacity").text


def test_a_planted_secret_is_on_no_page(place: Path) -> None:
    told = place / "deployer.yml"
    url = f"https://ann:{SECRET}@repo/shop-{{version}}.tar.gz?token={SECRET}"
    told.write_text(told.read_text().replace("shop-{version}.tar.gz", url))
    (place / "token").write_text(SECRET)
    release = Release("1.1.0", url.replace("{version}", "1.1.0"), "ab" * 32)
    secret = replace(records.PLAN, intent=records.intent(release=release))
    put_down(place, "r1", [replace(records.went_well()[0], event=Planned("ann", secret, records.PICTURE))])
    put_down(place, RUN, canary(), held=True)
    with dashboard(place, more=("-e", f"shop_token={SECRET}", "--vault-password-file", str(place / "token"))) as board:
        one = board.visitor(*Role)
        act = ended(board, sent(one, "/traffic"))
        paths = (
            "/",
            "/runs",
            "/runs/r1",
            "/runs/r1/report",
            "/runs/r1/abort",
            "/evacuate/dc1",
            "/traffic",
            "/capacity",
        )
        for path in (*paths, "/lock", "/acts", f"/acts/{act.id}", "/enter", "/nowhere"):
            assert SECRET not in one.get(path).text, path
        assert SECRET.encode() not in one.open("GET", "/runs/r1/events").read1(1_000_000)
        kept = [path for path in board.desk.folder.rglob("*") if path.is_file() and SECRET in path.read_text("latin-1")]
        assert kept == []
