"""Everything one needs before the first run, line by line, each with what to do"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from deployer.errors import DeployerError
from deployer.gates.configured import config
from deployer.gates.examined import examine as gate_examined
from deployer.gates.source import Source
from deployer.machines import Balancer, EdgeNode, Estate, Host
from deployer.model import Standing
from deployer.notices.examined import found as reachable
from deployer.own_files import absent, no_ansible
from deployer.preflight import parted
from deployer.reach import Reached, Shell, reach
from deployer.settings.howmany import floor, wave
from deployer.settings.values import Settings
from deployer.store.place import without_password
from deployer.world import Probe, Running, Traffic, TrafficSeen

_SKEW = 5.0
"""Seconds by which a clock may be off: logs and leases are read side by side."""
_LITTLE = 500 * 1024 * 1024
_FIRST = "a first deployment brings the service"


class Mark(Enum):
    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at: what about, what was found, and what to do when it is not well."""

    mark: Mark
    about: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined. `open_journal` raises where the store does not take a write, `warnings` are Ansible's."""

    place: Path
    settings: Settings
    estate: Estate
    shell: Shell
    traffic: Traffic
    probe: Probe
    now: Callable[[], float]
    open_journal: Callable[[], None]
    warnings: tuple[str, ...] = ()
    source: Source | None = None


def examine(patient: Patient) -> Iterator[Line]:
    """Each line as soon as it is known; machines are asked all at once. Changes nothing, and raises for no machine."""
    yield from _written(patient)
    for finding in absent(patient.settings, patient.place.parent):
        yield Line(Mark.BAD, finding.where, finding.what, "mend deployer.yml, or put the file there")
    for finding in no_ansible():
        yield Line(Mark.BAD, finding.where, finding.what, finding.remedy)
    yield from _journal(patient)
    yield from _notices(patient.settings)
    yield from _artifacts(patient.settings)
    before = patient.now()
    reached = reach(patient.shell, patient.estate)
    between = (before, patient.now())
    machines: tuple[Balancer | EdgeNode, ...] = (*patient.estate.balancers, *patient.estate.edges)
    nginx = {one.name: one.maps for one in machines if one.kind == "nginx"}
    for host in patient.estate.hosts:
        yield from _host(host, reached[host.name], between)
    for name, machine in reached.items():
        if name not in patient.estate.by_name:
            yield from _balancer(name, machine, between, nginx.get(name))
    if any(not machine.complaint for machine in reached.values()):
        yield from _pools(patient)
        running = patient.probe.look([host.name for host in patient.estate.hosts])
        yield from _services(patient, running)
        yield from _gate(patient, running)


def worst(lines: list[Line]) -> Mark:
    order = (Mark.OK, Mark.WARN, Mark.BAD)
    return max((line.mark for line in lines), key=order.index, default=Mark.OK)


def _written(patient: Patient) -> Iterator[Line]:
    settings, estate = patient.settings, patient.estate
    yield Line(Mark.OK, "settings", f"{patient.place}: service {settings.service}, strategy {settings.strategy}")
    for site in estate.sites:
        hosts = len(estate.hosts_at(site))
        yield Line(
            Mark.OK,
            "inventory",
            f"{site}: {_count(hosts, 'host')}, {_count(len(estate.balancers_at(site)), 'balancer')}",
        )
        least, together = floor(settings.rolling.min_in_service, hosts), wave(settings.rolling.wave, hosts)
        if hosts - together < max(1, least):
            said = f"{site}: of {hosts} hosts {together} go out together, {least} must stay in service"
            yield Line(Mark.BAD, "settings", said, "a smaller rolling.wave, or a lower rolling.min_in_service")
    for warning in patient.warnings:
        yield Line(
            Mark.WARN, "inventory", f"Ansible warns: {warning}", f"ansible-inventory -i {estate.inventory} --list"
        )


def _journal(patient: Patient) -> Iterator[Line]:
    place = without_password(patient.settings.state)
    try:
        patient.open_journal()
    except DeployerError as wrong:
        yield Line(Mark.BAD, "journal", f"{place}: {wrong.what}", wrong.remedy or "see state in deployer.yml")
    else:
        yield Line(Mark.OK, "journal", f"{place} can be written")


def _notices(settings: Settings) -> Iterator[Line]:
    """A run goes on without them: no more than a warning."""
    for one, wrong in reachable(settings.notices):
        yield Line(
            Mark.WARN if wrong else Mark.OK, f"notices {one.called}", wrong or "deployer notices --test tries it"
        )


def _artifacts(settings: Settings) -> Iterator[Line]:
    place = settings.release.artifact
    if "://" in place:
        yield Line(Mark.OK, "artifact", f"{place}: hosts fetch it themselves")
        return
    folder, pattern = Path(place).parent, Path(place).name.replace("{version}", "*")
    if "{version}" in str(folder):
        return
    if not os.access(folder, os.R_OK | os.X_OK):
        yield Line(Mark.BAD, "artifact", f"{folder} cannot be read here", "see release.artifact in deployer.yml")
        return
    found = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime)
    if found:
        yield Line(Mark.OK, "artifact", f"{_count(len(found), 'artifact')} in {folder}, the newest is {found[-1].name}")
    else:
        yield Line(Mark.WARN, "artifact", f"no {pattern} in {folder} yet", "build one, and its .sha256 beside it")


def _host(host: Host, seen: Reached, between: tuple[float, float]) -> Iterator[Line]:
    about = f"host {host.name}"
    if seen.complaint:
        yield Line(Mark.BAD, about, seen.complaint, seen.remedy)
        return
    yield Line(Mark.OK, about, f"answers at {host.login.address} port {host.login.port}")
    if not seen.python:
        yield Line(Mark.BAD, about, "no python3: Ansible needs it", "apt-get install python3")
    if not seen.root:
        yield Line(Mark.BAD, about, f"{host.root} cannot be written", "see release.root, ansible_user, ansible_become")
    if not seen.health:
        yield Line(Mark.BAD, about, f"{host.health_file} cannot be written", "see health_file.path, ansible_become")
    if not seen.restart:
        what = f"{host.control} is no command" if host.control else f"there is no unit {host.unit}"
        yield Line(Mark.BAD, about, what, "see app.unit and app.control, or provision the host first")
    if seen.free is not None and seen.free < _LITTLE:
        yield Line(Mark.WARN, about, f"{seen.free // 2**20} MB are free for releases", "a smaller release.keep")
    yield from _skew(about, seen, between)


def _balancer(name: str, seen: Reached, between: tuple[float, float], nginx: str | None) -> Iterator[Line]:
    """`nginx` is the folder of its files, where it is one."""
    about = f"balancer {name}"
    if seen.complaint:
        yield Line(Mark.BAD, about, seen.complaint, seen.remedy)
        return
    yield Line(Mark.OK, about, "answers")
    if nginx is not None and not seen.socket:
        remedy = "set balancers.maps in deployer.yml, then deployer traffic render shows what to add; or ansible_become"
        yield Line(Mark.BAD, about, f"the folder {nginx} is not there, or not ours to write", remedy)
    elif not seen.socket:
        remedy = "see balancers.socket, and `stats socket … level admin` in haproxy.cfg; ansible_become to reach it"
        yield Line(Mark.BAD, about, "its runtime socket is not there, or not ours to use", remedy)
    yield from _skew(about, seen, between)


def _skew(about: str, seen: Reached, between: tuple[float, float]) -> Iterator[Line]:
    """A clock that shows a second outside of the time in which it was asked."""
    first, last = between
    if seen.now is None:
        return
    off = max(first - 1 - seen.now, seen.now - last, 0.0)
    if off > _SKEW:
        yield Line(Mark.WARN, about, f"its clock is off by {off:.0f} s", "timedatectl set-ntp true")


def _pools(patient: Patient) -> Iterator[Line]:
    seen = patient.traffic.look(patient.estate.sites)
    for complaint in seen.complaints:
        where, what, remedy = parted(complaint)
        remedy = "" if remedy == "deployer doctor" else remedy
        yield Line(Mark.BAD, f"balancer {where}" if where else "balancers", what, remedy)
    for site in patient.estate.sites:
        yield from _pool(patient, seen, site)


def _pool(patient: Patient, seen: TrafficSeen, site: str) -> Iterator[Line]:
    hosts = patient.estate.hosts_at(site)
    views = [view for host in hosts for view in seen.views.get(host.name, ())]
    answering = {view.balancer for view in views if view.standing is not Standing.UNKNOWN}
    if not answering:
        return
    kind = "two slots" if site in seen.slots or any(view.slot for view in views) else "one pool, rolling only"
    if all(one.kind == "opaque" for one in patient.estate.balancers_at(site)):
        kind = "an opaque device"
    slots = ", ".join(f"slot {slot} {release}" for slot, release in seen.slots.get(site, ()))
    up = sum(_serves(host.name, seen, patient.estate.balancers_at(site)) for host in hosts)
    found = f"{kind}{', ' + slots if slots else ''}; {up} of {_count(len(hosts), 'host')} in service"
    least = max(1, floor(patient.settings.rolling.min_in_service, len(hosts)))
    mark = Mark.OK if up > least or (up >= least and least == len(hosts)) else Mark.WARN
    remedy = "" if mark is Mark.OK else f"{least} must stay in service: bring back the hosts that are out"
    remedy = remedy if up else f"{_FIRST} and its hosts into service"
    if patient.settings.strategy == "canary" and kind != "two slots":
        yield Line(Mark.BAD, f"site {site}", f"{found}; a canary needs two slots", "deployer traffic render")
        return
    yield Line(mark, f"site {site}", found, remedy)


def _serves(host: str, seen: TrafficSeen, balancers: tuple[Balancer, ...]) -> bool:
    views = seen.views.get(host, ())
    return len(views) == len(balancers) and all(view.standing is Standing.UP for view in views)


def _gate(patient: Patient, running: Mapping[str, Running]) -> Iterator[Line]:
    """Its source is asked for what the service does now."""
    if patient.settings.gate is None or patient.source is None:
        return
    releases = {name: own.version for name, own in running.items() if own.version}
    wanted = config(patient.settings.gate)
    for one in gate_examined(patient.source, wanted, patient.estate, releases, patient.now()):
        mark = Mark.BAD if one.grave else Mark.WARN if one.remedy else Mark.OK
        yield Line(mark, f"gate, {one.about}", one.found, one.remedy)


def _services(patient: Patient, running: Mapping[str, Running]) -> Iterator[Line]:
    names = [host.name for host in patient.estate.hosts]
    releases: dict[str, list[str]] = {}
    for name in names:
        own = running.get(name, Running(name))
        if own.version and own.healthy:
            releases.setdefault(own.version, []).append(name)
        else:
            remedy = f"see app.port, app.health and app.version; {_FIRST}"
            yield Line(Mark.WARN, f"host {name}", f"its service: {own.note or 'not healthy'}", remedy)
    for version, hosts in sorted(releases.items()):
        yield Line(Mark.OK, "releases", f"{version} on {_count(len(hosts), 'host')}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
