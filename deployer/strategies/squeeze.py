"""Squeeze: one question, how much a host carries; whoever answers it puts everything back"""

from __future__ import annotations

from deployer.model import HostSeen, Intent
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Ask

SQUEEZE = "squeeze"


def plan(intent: Intent, host: HostSeen) -> Plan:
    name = f"squeeze {host.host}"
    ask = Ask(SQUEEZE, (host.site,), f"how many requests/s {host.host} carries", hosts=(host.host,))
    return Plan(intent, (Leg(name, host.site, (Stage(name, host.site, (ask,)),)),))
