"""From what was typed to a proved plan"""

from __future__ import annotations

from collections.abc import Callable

from deployer.cli.carrying import within
from deployer.cli.intent import Wishes, intent
from deployer.cli.options import Asked
from deployer.cli.workplace import Workplace
from deployer.errors import UsageError
from deployer.lineage import refuse_crossing
from deployer.model import Intent, Picture, Release
from deployer.plan import Plan
from deployer.safety import prove
from deployer.strategies import bluegreen, canary, rolling
from deployer.strategies.checked import checked
from deployer.warm import refuse_warm

_SWITCHED = 20
"""So many runs back a switch is looked for whose old colour may be warm."""
STRATEGIES = {"rolling": rolling.plan, "canary": canary.plan, "bluegreen": bluegreen.plan}


def draw(work: Workplace, release: Release, limit: str, asked: Asked, picture: Picture) -> Plan:
    """The plan of the chosen strategy, proved safe.

    Raises:
        UsageError: no such strategy.
        UnsafePlan: it would break a rule.
        Refused: it would go back across an irreversible release, or take a colour that is kept warm.
    """
    wanted = within(work, intent(work.settings, work.estate, release, wishes(work, limit, asked)))
    strategy = strategy_of(wanted)
    refuse_crossing(work.lineage(picture.releases), release.version, told=asked.across)
    plan = checked(strategy(wanted, picture.without(wanted.excluded)))
    if not asked.give_up_warm:
        refuse_warm(plan, picture, work.books.past(_SWITCHED), work.world.clock.now())
    prove(plan, picture)
    return plan


def strategy_of(wanted: Intent) -> Callable[[Intent, Picture], Plan]:
    """A canary on the standby group is drawn as a switch in several steps."""
    if wanted.strategy not in STRATEGIES:
        raise UsageError(
            f"there is no strategy {wanted.strategy!r}",
            where="strategy",
            remedy=f"--strategy {' or '.join(STRATEGIES)}",
        )
    return bluegreen.plan if wanted.switch else STRATEGIES[wanted.strategy]


def wishes(work: Workplace, limit: str, asked: Asked) -> Wishes:
    strategy = asked.strategy or ("canary" if asked.at else "")
    dark = asked.at == "0"
    excluded = excluding(work, asked.exclude)
    return Wishes(work.limited_to(limit), asked.wave, asked.min_in_service, strategy, asked.undo, dark, excluded)


def with_reason(asked: Asked, reason: str) -> None:
    """Raises UsageError when a host is left out and nobody says why."""
    if asked.exclude and not reason:
        raise UsageError("leaving a host out needs a reason", where="--exclude", remedy='--reason "disk is dying"')


def excluding(work: Workplace, names: tuple[str, ...]) -> tuple[str, ...]:
    """Raises UsageError for a host that is not there."""
    for name in names:
        if name not in work.estate.by_name:
            raise UsageError(
                f"there is no host {name!r} to leave out", where="--exclude", remedy="deployer status --live"
            )
    return names
