"""What time went into, and where users were when: read from the records alone"""

from __future__ import annotations

import pytest

from deployer.evacuation import plan as evacuation
from deployer.events import Approved, Begun, Done, End, Ended, Planned, Record, Taken, Undecided
from deployer.model import Picture, Split, Verdict
from deployer.plan import Leg, Plan, Stage
from deployer.report import timeline
from deployer.report.account import account
from deployer.report.html import account_html
from deployer.report.json import account_json
from deployer.report.text import ending
from deployer.report.timeline import Axis
from deployer.steps import Ask, Shift
from deployer.world import Outcome
from tests.report import records

BOTH = Split((("dc1", 5_000), ("dc2", 5_000)))
HALF = Split((("1.0.0", 5_000), ("1.1.0", 5_000)))
ASKING = Plan(
    records.intent(),
    (
        Leg(
            "dc1",
            "dc1",
            (
                Stage("half", "dc1", (Shift("dc1", HALF), Ask("bake", ("dc1",), "half of them", "1.1.0", 10.0))),
                Stage("people", "", (Ask("person", ("dc1",), "all of them?", "1.1.0"),)),
            ),
        ),
    ),
)
PASS = Outcome(verdict=Verdict.PASS)


def waited() -> list[Record]:
    """10 s of work, 20 s of a gate, an hour until somebody approves, 5 s to the end; "1.1.0" at half of dc1."""
    picture = Picture(records.PICTURE.hosts, {"dc1": Split((("1.0.0", 10_000),))})
    undecided = Outcome("all of them?", verdict=Verdict.INCONCLUSIVE)
    return records.records(
        [
            (0, Planned("ann@ops", ASKING, picture, "the weekly release")),
            (0, Taken("ann@ops", 7)),
            (0, Begun(0, 1)),
            (10, Done(0, 1, Outcome())),
            (10, Begun(0, 2)),
            (30, Done(0, 2, PASS)),
            (30, Begun(0, 3)),
            (30, Undecided(0, 3, undecided)),
            (30, Ended(End.WAITING)),
            (3_600, Approved(0, 3, "bob@ops", "looks good")),
            (3_630, Taken("ann@ops", 8)),
            (3_635, Done(0, 3, PASS)),
            (3_635, Ended(End.DONE)),
        ]
    )


def evacuated() -> list[Record]:
    drawn = evacuation.plan("shop", ("dc1", "dc2"), BOTH, "dc1")
    return records.records(
        [
            (0, Planned("ann@ops", drawn, Picture({}, {"edge": BOTH}), "evacuate dc1")),
            (0, Taken("ann@ops", 7)),
            (0, Begun(0, 1)),
            (2, Done(0, 1, Outcome("dc1 0 % on edge1; DNS: not yet"))),
            (2, Ended(End.DONE, "", "deployer restore dc1")),
        ]
    )


def test_time_of_people_is_told_apart_from_the_machines() -> None:
    read = account(waited())
    assert (read.working, read.course.watching, read.course.waiting) == pytest.approx((15, 20, 3_600))
    assert "1 h 00 min of it waiting for people" in ending(read)
    said = account_json(read)
    assert said["seconds_working"] + said["seconds_watching"] + said["seconds_waiting"] == pytest.approx(
        said["seconds"]
    )


def test_a_run_that_waits_now_has_not_counted_what_comes() -> None:
    read = account(waited()[:9])
    assert (read.working, read.course.watching, read.course.waiting) == pytest.approx((10, 20, 0))


def test_nobody_worked_between_a_kill_and_the_next_hand() -> None:
    killed = [*records.killed(), Record(9, "r1", records.START + 103.0, Taken("bob@ops", 8))]
    assert account(killed).course.waiting == pytest.approx(100)


def test_a_night_of_waiting_does_not_hide_the_work() -> None:
    axis = Axis(0.0, 36_000.0, ((100.0, 35_900.0),))
    assert axis.percent(100.0) > 40
    for percent in (0.0, 10.0, 50.0, 90.0, 100.0):
        assert axis.percent(axis.moment(percent)) == pytest.approx(percent, abs=0.1)


def test_an_axis_without_time_has_a_beginning() -> None:
    axis = Axis(5.0, 5.0, ())
    assert (axis.percent(5.0), axis.moment(50.0)) == (0.0, 5.0)


def test_shares_fill_their_lane_from_the_moment_they_were_read_back() -> None:
    lane = timeline.timeline(account(waited())).lanes[0]
    assert lane.name == "users at dc1: 1.0.0 100 %, in the end 1.0.0 50 %, 1.1.0 50 %"
    assert [(bar.title, bar.low, bar.high) for bar in lane.bars] == [
        ("1.0.0 100 %", 0, 100),
        ("1.0.0 50 %", 0, 50),
        ("1.1.0 50 %", 50, 100),
    ]
    assert lane.bars[0].left + lane.bars[0].width == pytest.approx(lane.bars[1].left, abs=0.1)


def test_a_rolling_run_shows_no_shares_and_hosts_of_a_wave_in_one_lane() -> None:
    lanes = timeline.timeline(account(records.went_well())).lanes
    assert [lane.name.partition(",")[0] for lane in lanes] == ["dc1-web1", "dc1-web2"]
    together = [*records.HEAD, (1.0, Begun(0, 1)), (2.0, Done(0, 1, Outcome()))]
    (only,) = timeline.timeline(account(records.records(together))).lanes
    assert only.name == "dc1-web[1-2]"


def test_people_and_verdicts_are_moments() -> None:
    said = [moment.text for moment in account(waited()).course.moments]
    assert said[0] == "begun by ann@ops: the weekly release"
    assert "bob@ops approved step 3 (ask person: all of them?): looks good" in said
    assert said[-1] == "done"


def test_the_page_of_an_evacuation_shows_where_users_went() -> None:
    page = account_html(account(evacuated()))
    assert "users by site: dc1 50 %, dc2 50 %, in the end" in page
    assert "<h2>Hosts" not in page
    assert "shop none" not in page
