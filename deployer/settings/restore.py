"""How a site gets its users back, as deployer.yml has it"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from deployer.settings.kinds import Seconds, Values


def _rungs(value: tuple[float, ...]) -> tuple[float, ...]:
    if not value or value[0] <= 0 or value[-1] > 100 or any(low >= high for low, high in pairwise(value)):  # noqa: PLR2004
        raise ValueError("rising percentages, such as [1, 10, 25, 50]")
    return value


class RestoreValues(Values):
    """A site that was evacuated is compared with the others at each step, and falls back to 0 when it does worse."""

    steps: Annotated[tuple[float, ...], Field(strict=False), AfterValidator(_rungs)] = (1, 10, 25, 50)
    """percent of all users at the site, step by step; the last is where it stays"""
    bake: Seconds = 60
    """how long each step is watched"""
