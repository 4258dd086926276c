"""Freeze windows on the wall's clock"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from deployer.windows import Windows, dates, moment, weekly

WEEKEND = Windows("Asia/Seoul", (weekly("Fri 16:00 - Mon 06:00"),))


def at(text: str, zone: str = "Asia/Seoul") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("when", "open_"),
    [
        ("2026-11-27 15:59:59", False),  # a Friday
        ("2026-11-27 16:00:00", True),
        ("2026-11-29 12:00:00", True),
        ("2026-11-30 05:59:59", True),
        ("2026-11-30 06:00:00", False),
        ("2026-12-02 12:00:00", False),
    ],
)
def test_a_window_over_the_end_of_the_week(when: str, open_: bool) -> None:
    found = WEEKEND.at(at(when))
    assert (found is not None) is open_
    if found:
        assert (found.since, found.until) == (at("2026-11-27 16:00"), at("2026-11-30 06:00"))
        assert found.reason == "window Fri 16:00 - Mon 06:00 (Asia/Seoul)"


def test_which_comes_next() -> None:
    coming = WEEKEND.next(at("2026-11-28 12:00"))
    assert coming is not None
    assert coming.since == at("2026-12-04 16:00"), "not the one that is open"


def test_each_opening_is_another_freeze() -> None:
    one, other = WEEKEND.at(at("2026-11-28 12:00")), WEEKEND.at(at("2026-12-05 12:00"))
    assert one is not None
    assert other is not None
    assert one.mark != other.mark
    assert WEEKEND.at(at("2026-11-28 13:00")) == one


def test_summer_time_ends_inside_a_window_and_it_is_an_hour_longer() -> None:
    found = Windows("Europe/Berlin", (weekly("Sat 22:00 - Sun 22:00"),)).at(at("2026-10-25 12:00", "Europe/Berlin"))
    assert found is not None
    assert found.until == found.since + 25 * 3600


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("2026-12-20 - 2027-01-04", "2027-01-04 23:59", "2027-01-05 00:00"),
        ("2026-12-25", "2026-12-25 00:00", "2026-12-26 00:00"),
        ("2026-12-31 18:00 - 2027-01-01 09:00", "2027-01-01 08:59", "2027-01-01 09:00"),
        ("2026-12-31 18:00 \u2013 2027-01-01", "2027-01-01 23:59", "2026-12-31 17:59"),
    ],
)
def test_dates(text: str, inside: str, outside: str) -> None:
    windows = Windows("Asia/Seoul", (dates(text),))
    assert windows.at(at(inside))
    assert not windows.at(at(outside))


def test_of_two_that_are_open_the_longer_one_is_told() -> None:
    windows = Windows("Asia/Seoul", (dates("2026-11-28"), WEEKEND.windows[0]))
    found = windows.at(at("2026-11-28 12:00"))
    assert found is not None
    assert found.until == at("2026-11-30 06:00")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Fri 16:00",
        "Fri 25:00 - Mon 06:00",
        "Fri 16:60 - Mon 06:00",
        "Xyz 16:00 - Mon 06:00",
        "Fri 16:00 - Fri 16:00",
    ],
)
def test_what_is_no_part_of_the_week(text: str) -> None:
    with pytest.raises(ValueError, match=r"a part of the week|a time of day"):
        weekly(text)


@pytest.mark.parametrize("text", ["", "2026-12-32", "2026-12-20 - 2026-12-01", "2026-12-25 18:00", "christmas"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match=r"days such as|day is out of range|must be in range|Invalid"):
        dates(text)


@given(some.floats(min_value=0, max_value=4e9), some.integers(0, 10079), some.integers(1, 10079))
def test_a_weekly_window_is_open_for_its_part_of_the_week_and_no_more(now: float, begins: int, lasts: int) -> None:
    def clock(minutes: int) -> str:
        day, rest = divmod(minutes % 10080, 1440)
        return f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[day]} {rest // 60:02d}:{rest % 60:02d}"

    windows = Windows("UTC", (weekly(f"{clock(begins)} - {clock(begins + lasts)}"),))
    monday = 4 * 86400  # 1970-01-05
    into = ((now - monday) / 60 - begins) % 10080
    assert (windows.at(now) is not None) is (into < lasts)
    coming = windows.next(now)
    assert coming is not None
    assert now < coming.since <= now + 7 * 86400


def test_moments_as_people_type_them() -> None:
    now = at("2026-11-28 17:00")
    assert moment("18:00", now, "Asia/Seoul") == at("2026-11-28 18:00")
    assert moment("16:00", now, "Asia/Seoul") == at("2026-11-29 16:00")
    assert moment("2026-12-01 09:00", now, "Asia/Seoul") == at("2026-12-01 09:00")
    assert moment("2026-12-01T09:00Z", now, "Asia/Seoul") == at("2026-12-01 09:00", "UTC")
    assert moment("soon", now, "Asia/Seoul") is None
