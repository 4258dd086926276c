"""Proof before users: the checks of an intent put into any strategy's plan

After each Verify of the release, before its hosts return; at each step of a ladder, before its gate is asked, and on a
standby as soon as testers reach it, before users move; and before the run ends, where a failure takes everything back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from deployer.model import Intent, Undo
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Ask, Readmit, Shift, Step, Verify

POINTS = ("verify", "step", "finish")
_LAST = "before the run ends"


def gate(point: str) -> str:
    """The name of the gate that makes the checks of this point."""
    return f"checks at {point}"


def checked(plan: Plan) -> Plan:
    if not plan.legs:
        return plan
    serving: dict[str, tuple[str, ...]] = {}
    legs = tuple(
        replace(leg, stages=tuple(_stage(plan.intent, stage, serving) for stage in leg.stages)) for leg in plan.legs
    )
    sites = tuple(site for site in plan.intent.sites if site in serving)
    last = tuple(_ask(plan.intent, "finish", sites, serving))
    if last:
        legs = (*legs, Leg(_LAST, "", (Stage(_LAST, "", last),), undo=Undo.ALL))
    return replace(plan, legs=legs)


def _stage(intent: Intent, stage: Stage, serving: dict[str, tuple[str, ...]]) -> Stage:
    return replace(stage, steps=tuple(_steps(intent, stage, serving)))


def _steps(intent: Intent, stage: Stage, serving: dict[str, tuple[str, ...]]) -> Iterator[Step]:
    climbs = any(isinstance(step, Shift) for step in stage.steps)
    for step in stage.steps:
        if isinstance(step, Ask) and climbs:
            yield from _ask(intent, "step", step.sites, serving)
        yield step
        if isinstance(step, Verify) and step.release.version == intent.release.version:
            yield from _ask(intent, "verify", (step.site,), {step.site: step.hosts})
        if isinstance(step, Readmit) and step.release.version == intent.release.version:
            serving[step.site] = (*serving.get(step.site, ()), *step.hosts)
            if intent.switch:
                yield from _ask(intent, "step", (step.site,), {step.site: step.hosts})


def _ask(intent: Intent, point: str, sites: tuple[str, ...], hosts: dict[str, tuple[str, ...]]) -> Iterator[Ask]:
    if names := intent.checks.get(point):
        those = tuple(host for site in sites for host in hosts.get(site, ()))
        yield Ask(gate(point), sites, names, intent.release.version, hosts=those)
