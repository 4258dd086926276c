"""How long a plan will take, by what its verbs took in the last runs; and how long the way home is"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from statistics import median

from deployer.model import Picture
from deployer.plan import Leg, Plan, Stage
from deployer.progress import Progress
from deployer.steps import Ask, Deploy, Drain, Readmit, Shift, Step, verb

_WAVE = ("drain", "deploy", "verify", "readmit")


@dataclass(frozen=True, slots=True)
class Pace:
    """The median seconds of each verb, measured in so many runs."""

    seconds: Mapping[str, float]
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """Seconds the plan will take, and seconds from its end back to before; None: a verb was never measured here."""

    takes: float | None = None
    back: float | None = None
    runs: int = 0


def pace(runs: Iterable[Progress]) -> Pace:
    measured: dict[str, list[float]] = {}
    count = 0
    for run in runs:
        count += 1
        steps = [plan.numbered for plan in run.lines]
        for line, number in run.done:
            began, ended = run.started_at.get((line, number)), run.ended_at.get((line, number))
            step = steps[line][number]
            if began is not None and ended is not None and not isinstance(step, Ask):
                measured.setdefault(verb(step), []).append(ended - began)
    return Pace({name: median(some) for name, some in measured.items()}, count)


def forecast(plan: Plan, picture: Picture, pace: Pace) -> Forecast:
    return Forecast(_takes(plan, pace), _back(plan, picture, pace), pace.runs)


def _takes(plan: Plan, pace: Pace) -> float | None:
    if any(_seconds(step, pace) is None for step in plan.steps):
        return None
    return sum(_leg(leg, pace) for leg in plan.legs)


def _leg(leg: Leg, pace: Pace) -> float:
    """Its stages over `abreast` lanes, in order."""
    lanes = [0.0] * leg.abreast
    for stage in leg.stages:
        heappush(lanes, heappop(lanes) + _stage(stage, pace))
    return max(lanes)


def _stage(stage: Stage, pace: Pace) -> float:
    return sum(_seconds(step, pace) or 0.0 for step in stage.steps)


def _seconds(step: Step, pace: Pace) -> float | None:
    """A gate takes its bake; how long a person takes is not foretold."""
    return step.bake if isinstance(step, Ask) else pace.seconds.get(verb(step))


def _back(plan: Plan, picture: Picture, pace: Pace) -> float | None:
    """As `rollback` goes: all sites at once, in waves as large as the floor allows. Users of a warm group move at once.

    None as well where the plan changes nothing that could be gone back on.
    """
    if plan.intent.release.irreversible:
        return None
    changed = {host for step in plan.steps if isinstance(step, Drain | Readmit) for host in step.hosts}
    deployed = {host for step in plan.steps if isinstance(step, Deploy) for host in step.hosts}
    shifts = [step for step in plan.steps if isinstance(step, Shift)]
    serving = {seen.host for seen in picture.hosts.values() if seen.in_service}
    if shifts and not deployed & serving:
        return pace.seconds.get("shift")
    if not changed & deployed or any(name not in pace.seconds for name in _WAVE):
        return None
    rounds = max(_rounds(plan, picture, site, deployed & serving) for site in picture.sites)
    return rounds * sum(pace.seconds[name] for name in _WAVE)


def _rounds(plan: Plan, picture: Picture, site: str, changed: set[str]) -> int:
    here = picture.at(site)
    spare = max(1, len(here) - max(1, plan.intent.floor.get(site, 1)))
    return max(1, -(-sum(seen.host in changed for seen in here) // spare))
