"""The evacuation as a plan of one step, so that the journal tells it, and undo takes it back, like any other"""

from __future__ import annotations

from deployer.evacuation.judgement import without
from deployer.model import NO_RELEASE, Intent, Split, Undo
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Shift


def plan(service: str, sites: tuple[str, ...], before: Split, site: str) -> Plan:
    intent = Intent(service, NO_RELEASE, "evacuate", sites, wave={}, floor={}, undo=Undo.ALL)
    name = f"evacuate {site}"
    return Plan(intent, (Leg(name, "", (Stage(name, "", (Shift("edge", without(before, site)),)),)),))
