"""The machines asked whether a plan can be carried out, before anything is touched"""

from __future__ import annotations

from collections.abc import Iterator

from deployer.cli.workplace import Workplace
from deployer.model import Picture
from deployer.plan import Plan
from deployer.preflight import Finding, findings, refuse
from deployer.reach import Reached, reach
from deployer.steps import hosts_of


def preflight(work: Workplace, plan: Plan, picture: Picture) -> tuple[Finding, ...]:
    """What people should know before they agree.

    Raises:
        PreflightFailed: lists everything that speaks against the plan.
    """
    touched = {host for step in plan.steps for host in hosts_of(step)}
    reached = reach(work.ssh, work.estate)
    seen = work.world.traffic.look(work.estate.sites)
    running = work.world.probe.look([host.name for host in work.estate.hosts])
    own = [line for name, machine in reached.items() if name in touched for line in _complaints(machine)]
    found = findings(plan, picture, work.estate, running, (*seen.complaints, *own))
    refuse(found)
    return found


def _complaints(host: Reached) -> Iterator[str]:
    if host.complaint:
        yield f"{host.machine}: {host.complaint}" + (f"\n  next: {host.remedy}" if host.remedy else "")
        return
    if not host.root:
        yield f"{host.machine}: release.root cannot be written\n  next: see release.root, ansible_user, ansible_become"
    if not host.health:
        yield f"{host.machine}: the health file cannot be written\n  next: see health_file.path, ansible_become"
    if not host.restart:
        yield f"{host.machine}: its service cannot be restarted\n  next: see app.unit and app.control"
