"""What a setting can be: the kinds of values that deployer.yml holds, each with what was expected"""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from deployer.settings.duration import EXPECTED, seconds
from deployer.settings.howmany import percent


def _seconds(value: object) -> float:
    told = seconds(value) if isinstance(value, str) else None
    if told is not None:
        return told
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
        return float(value)
    raise ValueError(EXPECTED)


def _how_many(value: object) -> str | int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and percent(value) is not None:
        return value.strip()
    raise ValueError("a number of hosts such as 3, or a part of them such as 25%")


def _some(value: object) -> str | int:
    if value == 0 or (isinstance(value, str) and percent(value) == 0):
        raise ValueError("at least one host: a number such as 3, or a part such as 25%")
    return _how_many(value)


def _percent(value: object) -> str:
    if isinstance(value, str) and percent(value) is not None:
        return value.strip()
    raise ValueError("a percentage such as 20%")


def _absolute(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError("an absolute path on the machine, such as /srv/shop")
    return value


def _absolute_or_empty(value: str) -> str:
    return _absolute(value) if value else value


def log_target(value: str) -> str:
    """Raises ValueError unless it is HOST:PORT with the host's number, or an absolute path."""
    if not re.fullmatch(r"/\S+|([\d.]+|\[[\da-fA-F:]+\]):\d{1,5}", value):
        raise ValueError(
            "an address on the balancer such as 127.0.0.1:21514, or a file there such as /var/log/haproxy.log"
        )
    return value


def _url_path(value: str) -> str:
    if not value.startswith("/") or re.search(r"\s", value):
        raise ValueError("the path part of a URL, such as /healthz")
    return value


def _artifact(value: str) -> str:
    if "{version}" not in value or re.search(r"[{}]", value.replace("{version}", "")):
        raise ValueError("a path or http(s) URL with {version} in it, such as /srv/artifacts/shop-{version}.tar.gz")
    return value


def _ladder(value: tuple[float, ...]) -> tuple[float, ...]:
    rising = all(low < high for low, high in pairwise(value))
    if not value or not rising or value[0] <= 0 or value[-1] != 100:  # noqa: PLR2004 - percent
        raise ValueError("rising percentages that end with 100, such as [1, 5, 25, 50, 100]")
    return value


Seconds = Annotated[float, BeforeValidator(_seconds)]
HowMany = Annotated[str | int, BeforeValidator(_how_many)]
"""`25%` of a site's hosts, or a number of hosts."""
SomeHosts = Annotated[str | int, BeforeValidator(_some)]
"""The same, but not none."""
Percent = Annotated[str, BeforeValidator(_percent)]
Name = Annotated[str, StringConstraints(min_length=1)]
AbsolutePath = Annotated[str, AfterValidator(_absolute)]
OptionalPath = Annotated[str, AfterValidator(_absolute_or_empty)]
LogTarget = Annotated[str, AfterValidator(log_target)]
Artifact = Annotated[str, AfterValidator(_artifact)]
UrlPath = Annotated[str, AfterValidator(_url_path)]
Ladder = Annotated[tuple[float, ...], Field(strict=False), AfterValidator(_ladder)]


class Values(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
