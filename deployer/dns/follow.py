"""DNS brought to what the edge has: tried, read back from every authoritative server, tried again"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deployer.dns.port import Answer, Names
from deployer.errors import DeployerError
from deployer.model import Split
from deployer.world import Clock

AGAIN = 1.0
"""Seconds between two tries."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How far DNS is. `pending` are sentences on what is missing, none when every server has `split`."""

    name: str
    split: Split
    pending: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """One line for people."""
        if self.pending:
            return f"DNS pending, {'; '.join(self.pending)}: deployer dns"
        return f"DNS {self.name}: {self.split}"


def once(names: Names, name: str, split: Split) -> Followed:
    """One try. Never raises: DNS never holds anything up."""
    nearest = names.nearest(split)
    try:
        names.put(split)
    except DeployerError as wrong:
        return Followed(name, nearest, (f"{wrong.where or name}: {wrong.what}",))
    return Followed(name, nearest, behind(names.answers(), nearest))


def behind(answers: tuple[Answer, ...], nearest: Split) -> tuple[str, ...]:
    """A sentence on each server that does not say this split."""
    silent = [f"{one.server}: {one.wrong}" for one in answers if one.wrong]
    late = [one for one in answers if not one.wrong and not (one.split and one.split.alike(nearest))]
    return (*silent, *(f"{one.server} still says {one.split}" for one in late))


def until(  # noqa: PLR0917
    names: Names,
    name: str,
    wanted: Callable[[], Split],
    clock: Clock,
    seconds: float,
    tell: Callable[[Followed], None],
) -> Followed:
    """Tries for so long, each time for what is wanted then: the edge may have moved on meanwhile.

    Raises what `wanted` raises.
    """
    end = clock.monotonic() + seconds
    while (found := once(names, name, wanted())).pending and clock.monotonic() < end:
        tell(found)
        clock.sleep(AGAIN)
    return found
