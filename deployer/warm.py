"""A colour that is kept warm after a switch: for so long the way back is one act, and nobody takes it away"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from deployer.errors import Refused
from deployer.events import End
from deployer.model import Picture
from deployer.plan import Plan
from deployer.progress import Progress
from deployer.steps import Deploy, Drain


def refuse_warm(plan: Plan, picture: Picture, past: Sequence[Progress], now: float) -> None:
    """`past` are the last runs, the oldest first; `now` UTC epoch seconds.

    Raises:
        Refused: the plan would drain or change hosts that the last switch left warm, within its time.
    """
    switched = next((run for run in reversed(past) if _switched(run)), None)
    if switched is None or switched.plan.intent.switch is None:
        return
    until = switched.changed + switched.plan.intent.switch.keep_warm
    taken = sorted(_touched(plan) & _warm(switched, picture))
    if taken and now < until:
        release = picture.hosts[taken[0]].release
        raise Refused(
            f"{release} is kept warm until {datetime.fromtimestamp(until, UTC):%H:%M:%S} UTC "
            f"(bluegreen.keep_warm), this would take {', '.join(taken)} and with them the way back in one act",
            where=f"run {switched.run}",
            remedy=f"deployer undo {switched.run}, wait, or --give-up-warm",
        )


def _switched(run: Progress) -> bool:
    return bool(run.lines) and run.plan.intent.switch is not None and run.end is not None and run.end.end is End.DONE


def _touched(plan: Plan) -> set[str]:
    return {host for step in plan.steps if isinstance(step, Drain | Deploy) for host in step.hosts}


def _warm(run: Progress, picture: Picture) -> set[str]:
    """Who served before the switch, was not changed by it, and serves the same still."""
    before = run.picture.hosts if run.picture else {}
    kept = {host for host, seen in before.items() if seen.in_service} - _touched(run.plan)
    return {
        seen.host
        for seen in picture.hosts.values()
        if seen.host in kept and seen.in_service and seen.release == before[seen.host].release
    }
