"""What is frozen now: by somebody's word in the journal, or by the calendar; and who may go on all the same"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deployer.errors import Refused
from deployer.events import Frozen, Overrode, Record
from deployer.rules import name_of, names_of
from deployer.windows import Freeze, Windows


@dataclass(frozen=True, slots=True)
class Terms:
    """How a run begins: `bound`, a freeze holds it; what it overrides of those there are."""

    bound: bool = False
    overrides: tuple[Overrode, ...] = ()


FREE = Terms()
BOUND = Terms(bound=True)


def freezes(word: Record | None, windows: Windows, now: float) -> tuple[Freeze, ...]:
    """Every freeze that holds now; `word` is the last one in the journal on this."""
    return tuple(_all(word, windows, now))


def _all(word: Record | None, windows: Windows, now: float) -> Iterator[Freeze]:
    said = word.event if word else None
    if word and isinstance(said, Frozen) and (said.until is None or now < said.until):
        yield Freeze(said.reason, word.at, said.until, said.who, f"record {word.seq}")
    if window := windows.at(now):
        yield window


def overriding(found: tuple[Freeze, ...], who: str, second: str, reason: str, starter: str = "") -> Terms:
    """These freezes, and no others, hold the run no more.

    Raises:
        Refused: the second person is not another one.
    """
    name = second.strip()
    if not name or name_of(name) in {*names_of(who), *names_of(starter)}:
        raise Refused(
            f"{who} cannot override a freeze alone",
            where="--second",
            remedy="--second NAME, of somebody who looks at this with you and agrees",
        )
    return Terms(bound=True, overrides=tuple(Overrode(who, name, reason, one.mark) for one in found))
