"""The machines asked whether a plan can be carried out, before anything is touched"""

from __future__ import annotations

from pathlib import Path

from deployer.cli.workplace import Workplace
from deployer.model import Picture, Release
from deployer.own_files import absent, no_ansible
from deployer.plan import Plan
from deployer.preflight import Finding, findings, refuse
from deployer.reach import reach
from deployer.settings.place import settings_file
from deployer.steps import Deploy, Fetch

_RESERVE = 16 * 2**20
"""So much stays free on a host, see playbooks/files/host_release.py."""


def preflight(work: Workplace, plan: Plan, picture: Picture) -> tuple[Finding, ...]:
    """What people should know before they agree.

    Raises:
        PreflightFailed: lists everything that speaks against the plan.
    """
    seen = work.world.traffic.look(work.estate.sites)
    running = work.world.probe.look([host.name for host in work.estate.hosts])
    room = _room(plan.intent.release)
    reached = reach(work.ssh, work.estate)
    found = findings(plan, picture, work.estate, running, seen.complaints, reached=reached, needed=room)
    absentees = absent(work.settings, settings_file(work.ground.inventory).parent)
    plays = any(isinstance(step, Fetch | Deploy) for step in plan.steps)
    refuse((*found, *absentees, *(no_ansible() if plays else ())))
    return found


def _room(release: Release) -> int:
    """Bytes that must be free at least; the host's own program looks again, when it knows the size unpacked."""
    packed = Path(release.artifact)
    return _RESERVE + (packed.stat().st_size if packed.is_file() else 0)
