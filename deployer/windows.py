"""Freeze windows: when no release may go on, by the calendar of one time zone"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

WEEK = timedelta(days=7)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = rf"({'|'.join(DAYS)})[a-z]*\s+(\d\d?):(\d\d)"
_WEEKLY = re.compile(rf"{_DAY}\s*[-–]\s*{_DAY}", re.IGNORECASE)  # noqa: RUF001 - people type that dash too
_MOMENT = r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d))?"
_DATES = re.compile(rf"{_MOMENT}(?:\s+[-–]\s+{_MOMENT})?")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Freeze:
    """Why no release goes on: said by `who` ("" = the calendar); `since` and `until` are UTC epoch seconds.

    `mark` tells it from every other freeze: an override is for this one.
    """

    reason: str
    since: float
    until: float | None
    who: str
    mark: str


@dataclass(frozen=True, slots=True)
class Weekly:
    """Minutes of the week on the wall's clock, Monday 00:00 = 0; one that ends before it begins ends a week later."""

    text: str
    begins: int
    ends: int

    def around(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Its last beginning before this week, those of this week and of the next; without a zone."""
        monday = datetime.combine(now.date() - timedelta(days=now.weekday()), datetime.min.time())
        for week in (-1, 0, 1):
            start = monday + week * WEEK
            later = WEEK if self.ends <= self.begins else timedelta()
            yield start + timedelta(minutes=self.begins), start + timedelta(minutes=self.ends) + later


@dataclass(frozen=True, slots=True)
class Dates:
    text: str
    begins: datetime
    ends: datetime

    def around(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:  # noqa: ARG002 - a weekly one needs it
        yield self.begins, self.ends


Window = Weekly | Dates


@dataclass(frozen=True, slots=True)
class Windows:
    """All windows of a service; wall-clock times of `zone`, over changes of summer time as the wall shows them."""

    zone: str = "UTC"
    windows: tuple[Window, ...] = ()

    def at(self, now: float) -> Freeze | None:
        """The window that lasts longest of those that are open, as far as others begin before it ends."""
        opened = [freeze for freeze in self._all(now) if freeze.since <= now < (freeze.until or now)]
        return max(opened, key=lambda freeze: freeze.until or now, default=None)

    def next(self, now: float) -> Freeze | None:
        """The one that begins next."""
        return min((freeze for freeze in self._all(now) if freeze.since > now), key=lambda one: one.since, default=None)

    def _all(self, now: float) -> Iterator[Freeze]:
        if not self.windows:
            return
        zone = ZoneInfo(self.zone)
        here = datetime.fromtimestamp(now, zone)
        for window in self.windows:
            for begins, ends in window.around(here):
                since, until = (moment.replace(tzinfo=zone).timestamp() for moment in (begins, ends))
                what = f"window {window.text} ({self.zone})"
                yield Freeze(what, since, until, "", f"{what} {since:.0f}")


NEVER = Windows()


def weekly(text: str) -> Weekly:
    """`Fri 16:00 - Mon 06:00`. Raises ValueError."""
    found = _WEEKLY.fullmatch(text.strip())
    minutes = (_minutes(*found.group(1, 2, 3)), _minutes(*found.group(4, 5, 6))) if found else (0, 0)
    if not found or minutes[0] == minutes[1]:
        raise ValueError("a part of the week such as Fri 16:00 - Mon 06:00")
    return Weekly(text.strip(), *minutes)


def dates(text: str) -> Dates:
    """`2026-12-20 - 2027-01-04` (both days too), `2026-12-25`, `2026-12-31 18:00 - 2027-01-01 09:00`.

    Raises ValueError.
    """
    found = _DATES.fullmatch(text.strip())
    if found:
        first, at, last, until = found.groups()
        begins = datetime.fromisoformat(f"{first} {at or '00:00'}")
        ends = datetime.fromisoformat(f"{last or first} {until or '00:00'}") + timedelta(days=0 if until else 1)
        if begins < ends and (last or not at):
            return Dates(text.strip(), begins, ends)
    raise ValueError("days such as 2026-12-20 - 2027-01-04, or moments such as 2026-12-31 18:00 - 2027-01-01 09:00")


def moment(text: str, now: float, zone: str) -> float | None:
    """`18:00` (the next one) or `2026-12-01 09:00` on the zone's wall, as UTC epoch seconds; None: neither."""
    here = datetime.fromtimestamp(now, ZoneInfo(zone))
    if found := re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip()):
        today = here.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0, tzinfo=None)
        later = [(today + timedelta(days=day)).replace(tzinfo=here.tzinfo).timestamp() for day in (0, 1)]
        return next((one for one in later if one > now), None)
    try:
        told = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (told if told.tzinfo else told.replace(tzinfo=here.tzinfo)).timestamp()


def _minutes(day: str, hour: str, minute: str) -> int:
    if int(hour) > 23 or int(minute) > 59:  # noqa: PLR2004 - a clock
        raise ValueError(f"a time of day, {hour}:{minute} is none")
    return (DAYS.index(day.lower()) * 24 + int(hour)) * 60 + int(minute)
