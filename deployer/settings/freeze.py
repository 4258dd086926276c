"""`freeze:` in deployer.yml: when no release goes on"""

from __future__ import annotations

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from deployer.settings.kinds import Seconds, Values
from deployer.windows import Windows, dates, weekly


def _zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("a time zone such as Asia/Seoul or Europe/Berlin") from None


def _weekly(value: str) -> str:
    return weekly(value).text


def _dates(value: str) -> str:
    return dates(value).text


def _day(value: object) -> object:
    """YAML reads 2026-12-25 as a date."""
    return value.isoformat() if isinstance(value, date) else value


Zone = Annotated[str, AfterValidator(_zone)]
Weekly = Annotated[str, AfterValidator(_weekly)]
Dates = Annotated[str, BeforeValidator(_day), AfterValidator(_dates)]


class FreezeValues(Values):
    zone: Zone = "UTC"
    """the time zone of what follows"""
    weekly: Annotated[tuple[Weekly, ...], Field(strict=False)] = ()
    """parts of the week, such as Fri 16:00 - Mon 06:00"""
    dates: Annotated[tuple[Dates, ...], Field(strict=False)] = ()
    """days such as 2026-12-20 - 2027-01-04, or moments such as 2026-12-31 18:00 - 2027-01-01 09:00"""
    wait: Seconds = 3600
    """how long a run under way waits for the end of a freeze, watching on, before it ends with exit code 7"""

    @property
    def windows(self) -> Windows:
        return Windows(self.zone, (*map(weekly, self.weekly), *map(dates, self.dates)))
