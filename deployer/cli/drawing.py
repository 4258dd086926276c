"""From what was typed to a proved plan"""

from __future__ import annotations

from deployer.cli.intent import Wishes, intent
from deployer.cli.options import Asked
from deployer.cli.workplace import Workplace
from deployer.errors import UsageError
from deployer.model import Picture, Release
from deployer.plan import Plan
from deployer.safety import prove
from deployer.strategies import canary, rolling

STRATEGIES = {"rolling": rolling.plan, "canary": canary.plan}


def draw(work: Workplace, release: Release, wishes: Wishes, picture: Picture) -> Plan:
    """The plan of the chosen strategy, proved safe.

    Raises:
        UsageError: no such strategy.
        UnsafePlan: it would break a rule.
    """
    wanted = intent(work.settings, work.estate, release, wishes)
    if wanted.strategy not in STRATEGIES:
        raise UsageError(
            f"strategy {wanted.strategy!r} cannot be deployed yet",
            where="deployer.yml, strategy",
            remedy=f"--strategy {' or '.join(STRATEGIES)}",
        )
    plan = STRATEGIES[wanted.strategy](wanted, picture)
    prove(plan, picture)
    return plan


def wishes(work: Workplace, limit: str, asked: Asked) -> Wishes:
    strategy = asked.strategy or ("canary" if asked.at else "")
    dark = asked.at == "0"
    return Wishes(work.limited_to(limit), asked.wave, asked.min_in_service, strategy, asked.undo, dark)
