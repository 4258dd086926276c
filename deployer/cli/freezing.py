"""A freeze asked about: whether a release may begin, and on whose word it may all the same"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from deployer.cli import say
from deployer.cli.books import Books
from deployer.cli.options import Ground, Override
from deployer.cli.person import person
from deployer.cli.ruled import rules
from deployer.errors import Refused, UsageError
from deployer.frozen import BOUND, Terms, freezes, overriding
from deployer.progress import fold
from deployer.report.standing import freeze_line
from deployer.rules import Rules
from deployer.windows import Freeze, Windows

if TYPE_CHECKING:
    from deployer.cli.workplace import Workplace


def stopped(book: Books) -> tuple[Freeze, ...]:
    """What somebody froze by hand: deployer.yml is not read for it."""
    return freezes(book.journal.word(), Windows(), time.time())


def frozen(book: Books, said: Rules) -> tuple[Freeze, ...]:
    """Every freeze of the service that holds now."""
    return freezes(book.journal.word(), said.windows, time.time())


def terms(work: Workplace, override: Override, *, check: bool = False) -> Terms:
    """How a release may begin now; a `check` is only told of a freeze.

    Raises:
        Refused: there is a freeze, and no two people override it.
    """
    found = frozen(work.books, work.settings.rules)
    if override.reason and found:
        return agreed(work.settings.rules, found, override)
    if found and not check:
        raise refusal(work.settings.service, found)
    if override.reason:
        say.story("note  nothing is frozen: --override-freeze does nothing")
    warn(found)
    return BOUND


def warn(found: Sequence[Freeze]) -> None:
    for one in found:
        say.story(f"note  {freeze_line(one)}; deploy would be refused")


def let_go(work: Workplace, run: str, override: Override) -> bool:
    """Two people let a run go on under what is frozen now; whether its orchestrator was told, and goes on by itself.

    Raises:
        UsageError: nothing is frozen.
        Refused: they are not two.
    """
    found = frozen(work.books, work.settings.rules)
    if not found:
        raise UsageError("nothing is frozen", where="--override-freeze", remedy=f"deployer resume {run}")
    starter = fold(work.books.records(run)).starter
    told = agreed(work.settings.rules, found, override, starter)
    work.books.journal.append(run, *told.overrides, epoch=None)
    lease = work.books.at_work(run)
    if lease:
        say.story(f"{lease.owner} was told; see: deployer status -i {work.ground.inventory}")
    return lease is not None


def agreed(said: Rules, found: Sequence[Freeze], override: Override, starter: str = "") -> Terms:
    """Raises Refused where the second person is the first, or may not answer here."""
    told = overriding(tuple(found), person(), override.second, override.reason, starter)
    said.approvals.refuse_stranger(override.second)
    return told


def refuse_frozen(book: Books, ground: Ground, what: str) -> None:
    """For what is no release and can wait. Raises Refused."""
    found = frozen(book, rules(ground))
    if found:
        raise Refused(
            f"{what} waits: {'; '.join(map(freeze_line, found))}", where=book.service, remedy="deployer freeze"
        )


def refusal(service: str, found: Sequence[Freeze]) -> Refused:
    return Refused(
        "; ".join(map(freeze_line, found)),
        where=service,
        remedy="deployer freeze says more; --override-freeze REASON --second NAME where two people agree",
    )


def until(text: str, now: float, zone: str) -> float | None:
    """A moment as typed: 2h, 18:00, or 2026-12-01 09:00 in the zone of the windows; "" is none.

    Raises:
        UsageError: it is none of these, or over.
    """
    from deployer.settings.duration import seconds
    from deployer.windows import moment

    if not text:
        return None
    lasting = seconds(text)
    told = now + lasting if lasting is not None else moment(text, now, zone)
    if told is None or told <= now:
        raise UsageError(f"{text!r} is no time to come", where="--until", remedy="2h, 18:00 or '2026-12-01 09:00'")
    return told
