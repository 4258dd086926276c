"""What refuses a run before anything is touched"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from deployer.errors import PreflightFailed
from deployer.machines import Estate
from deployer.model import HostSeen, Picture, Release, Standing
from deployer.plan import Plan
from deployer.reach import Reached
from deployer.steps import Deploy, Drain, Readmit, Shift, hosts_of
from deployer.world import Running

_REPAIR = "repair it, or take it out of the inventory group or by --limit"
_MEGABYTE = 1024 * 1024
_TELLS = (Drain, Readmit, Shift)
"""The steps that change what a balancer does."""
_TOLD_ONLY = (
    "old workers still serve",
    "its health file must say",
    "disagree",
    "were edited by hand",
    "nothing reads the maps",
)
"""Complaints of the balancers that a drain copes with, or that the run itself mends."""


class Severity(Enum):
    REFUSE = "refuse"  # nothing is touched
    WARN = "warn"  # people should know, the run goes on


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be: where, what, and what to do or type about it."""

    severity: Severity
    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        said = f"{self.where}: {self.what}" if self.where else self.what
        lines = (*said.splitlines(), *((f"next: {self.remedy}",) if self.remedy else ()))
        return "\n    ".join(lines)


def findings(
    plan: Plan,
    picture: Picture,
    estate: Estate,
    running: Mapping[str, Running],
    complaints: Sequence[str] = (),
    *,
    reached: Mapping[str, Reached] | None = None,
    needed: int = 0,
) -> tuple[Finding, ...]:
    """Everything that speaks against this plan now.

    `complaints` are those of TrafficSeen, "machine: what"; `reached` is what the machines' shells say (None: nobody
    asked them); `needed` how many bytes the release takes on a host.
    """
    touched = _touched(plan)
    sites = {host.site for host in picture.hosts.values() if host.host in touched}
    return (
        *_of_complaints(complaints, estate, sites),
        *_of_balancers(picture, estate, sites, complaints),
        *_of_machines(reached or {}, touched, needed),
        *_of_hosts(picture, running, reached or {}, touched),
        *_of_bytes(plan.intent.release, running, _deployed(plan)),
        *_of_sites(picture, sites),
        *weaker(plan, estate),
    )


def refuse(found: Iterable[Finding]) -> None:
    """Raises PreflightFailed that lists all findings which refuse, if there are any."""
    grave = [finding for finding in found if finding.severity is Severity.REFUSE]
    if grave:
        listed = "\n".join(f"  - {finding}" for finding in grave)
        things = "one thing speaks" if len(grave) == 1 else f"{len(grave)} things speak"
        raise PreflightFailed(f"{things} against this run, nothing was touched:\n{listed}", remedy="deployer doctor")


def weaker(plan: Plan, estate: Estate) -> Iterator[Finding]:
    """What a kind of balancer cannot promise: people read it with the plan, before it runs."""
    told = [step.scope if isinstance(step, Shift) else step.site for step in plan.steps if isinstance(step, _TELLS)]
    for site in dict.fromkeys(told):
        names = [balancer.name for balancer in estate.balancers_at(site) if balancer.kind == "nginx"]
        if names:
            what = (
                f"nginx ({', '.join(names)}) is reloaded up to {told.count(site)} times; each reload closes idle "
                "keep-alive connections, so a request sent on one in that moment must be sent again"
            )
            yield Finding(Severity.WARN, site, what, "docs/canary.md says how a tier before it spares users this")


def _touched(plan: Plan) -> frozenset[str]:
    return frozenset(host for step in plan.steps for host in hosts_of(step))


def _deployed(plan: Plan) -> frozenset[str]:
    return frozenset(host for step in plan.steps if isinstance(step, Deploy) for host in step.hosts)


def _of_complaints(complaints: Sequence[str], estate: Estate, sites: set[str]) -> Iterator[Finding]:
    """A complaint about a machine of a site that the plan leaves alone is only told."""
    elsewhere = {balancer.name for balancer in estate.balancers if balancer.site not in sites}
    for complaint in complaints:
        where, what, remedy = parted(complaint)
        harmless = where in elsewhere or any(words in what for words in _TOLD_ONLY)
        grave = Severity.WARN if harmless else Severity.REFUSE
        yield Finding(grave, where, what, remedy or "deployer doctor")


def parted(complaint: str) -> tuple[str, str, str]:
    """A complaint of TrafficSeen as (machine, what, remedy); "" where it names no machine or no remedy."""
    said, _, remedy = complaint.replace(" (next: ", "\n  next: ").partition("\n  next: ")
    where, _, what = said.partition(": ")
    named = bool(re.fullmatch(r"[\w.-]+", where))
    remedy = remedy.removesuffix(")") if " (next: " in complaint else remedy
    return (where, what, remedy) if named else ("", said, remedy)


def _of_balancers(picture: Picture, estate: Estate, sites: set[str], complaints: Sequence[str]) -> Iterator[Finding]:
    """Every balancer of the sites must answer and know every host of its site, or a host could leave unseen."""
    named = {complaint.partition(": ")[0] for complaint in complaints}
    for balancer in estate.balancers:
        if balancer.site not in sites or balancer.kind == "opaque" or balancer.name in named:
            continue
        hosts = picture.at(balancer.site)
        unknown = [host.host for host in hosts if _standing(host, balancer.name) is Standing.UNKNOWN]
        if hosts and len(unknown) == len(hosts):
            what = f"does not answer, or knows no host of {balancer.site} in pool {balancer.pool}"
            yield Finding(Severity.REFUSE, balancer.name, what, f"deployer doctor; is {balancer.socket} there?")
        elif unknown:
            what = f"has no server {', '.join(unknown)} in pool {balancer.pool}"
            remedy = "server names are inventory names: add them to the backend, or take the hosts out of the inventory"
            yield Finding(Severity.REFUSE, balancer.name, what, remedy)


def _standing(host: HostSeen, balancer: str) -> Standing:
    return next((view.standing for view in host.views if view.balancer == balancer), Standing.UNKNOWN)


def _of_machines(reached: Mapping[str, Reached], touched: frozenset[str], needed: int) -> Iterator[Finding]:
    """What would stop Ansible on a host half-way, known before the first one is drained."""
    for name, machine in reached.items():
        grave = Severity.REFUSE if name in touched else Severity.WARN
        if machine.complaint:
            yield Finding(grave, name, machine.complaint, machine.remedy or _REPAIR)
        elif name in touched:
            if not machine.root:
                yield Finding(
                    grave, name, "its release directory cannot be written", "see release.root, ansible_become"
                )
            if not machine.health:
                yield Finding(grave, name, "its health file cannot be written", "see health_file.path, ansible_become")
            if not machine.restart:
                yield Finding(grave, name, "its service cannot be restarted", "see app.unit or app.control")
            if machine.free is not None and machine.free < needed:
                what = f"{machine.free // _MEGABYTE} MB are free, the release needs {-(-needed // _MEGABYTE)} MB"
                yield Finding(grave, name, what, "remove old releases, or a smaller release.keep")


def _of_hosts(
    picture: Picture, running: Mapping[str, Running], reached: Mapping[str, Reached], touched: frozenset[str]
) -> Iterator[Finding]:
    for seen in picture.hosts.values():
        machine = reached.get(seen.host)
        own = running.get(seen.host, Running(seen.host, note="nobody asked it"))
        if machine is None or not machine.complaint:
            yield from _of_service(seen, own, machine, planned=seen.host in touched)
        if len({view.standing for view in seen.views} - {Standing.UNKNOWN}) > 1:
            views = ", ".join(f"{view.balancer} {view.standing.value}" for view in seen.views)
            yield Finding(Severity.WARN, seen.host, f"balancers disagree: {views}", "deployer status")


def _of_service(seen: HostSeen, own: Running, machine: Reached | None, *, planned: bool) -> Iterator[Finding]:
    """A machine that answers while its service does not is no reason to refuse: the release may be what mends it."""
    current = own.current or (machine.current if machine else "")
    silent = own.version is None and own.healthy is None
    if silent and machine is None and planned:
        yield Finding(Severity.REFUSE, seen.host, f"does not answer: {own.note or 'no reason known'}", _REPAIR)
    elif planned and seen.release is None and not current and _serves(seen):
        what = "serves users, and nobody knows which release: there would be no way back"
        yield Finding(Severity.REFUSE, seen.host, what, "does app.version in deployer.yml answer with the version?")
    elif silent:
        yield Finding(Severity.WARN, seen.host, f"its service does not answer: {own.note or 'no reason known'}")
    elif own.healthy is False:
        yield Finding(Severity.WARN, seen.host, f"is not healthy: {own.note or 'its health page says so'}")


def _serves(seen: HostSeen) -> bool:
    return any(view.standing is Standing.UP for view in seen.views)


def _of_bytes(release: Release, running: Mapping[str, Running], deployed: frozenset[str]) -> Iterator[Finding]:
    """A version that runs already, made of other bytes: two releases under one name."""
    for host in sorted(deployed):
        own = running.get(host, Running(host))
        there = dict(own.fetched).get(release.version, "")
        if release.sha256 and there and there != release.sha256:
            what = f"{release.version} lies there with digest {there[:12]}…, the artifact has {release.sha256[:12]}…"
            runs = release.version in (own.current, own.version)
            grave = Severity.REFUSE if runs else Severity.WARN
            yield Finding(grave, host, what, "give the new bytes a version of their own" if runs else "")


def _of_sites(picture: Picture, sites: set[str]) -> Iterator[Finding]:
    """Mixed releases are where a run that stopped half-way leaves a site: worth knowing, and no reason to refuse."""
    for site in sorted(sites):
        releases = sorted({host.release for host in picture.at(site) if host.release and _serves(host)})
        if len(releases) > 1:
            yield Finding(Severity.WARN, site, f"serves more than one release now: {', '.join(releases)}")
