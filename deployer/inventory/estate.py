"""Groups and variables in, sites with their hosts and balancers out; every complaint at once"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from deployer.errors import InventoryError
from deployer.inventory.complaints import about_groups, about_places, about_values, twins
from deployer.inventory.facts import Facts
from deployer.inventory.logins import login, number
from deployer.inventory.names import counted
from deployer.machines import Balancer, Dns, EdgeNode, Estate, Host, Login
from deployer.settings.edge import EdgeValues
from deployer.settings.kinds import log_target
from deployer.settings.values import Settings

Machine = TypeVar("Machine")


MAPS = {"haproxy": "/etc/haproxy/maps", "nginx": "/etc/nginx/deployer", "opaque": ""}
"""Where a split lies on a balancer when nothing else is said; templates and roles have the same."""


def build(inventory: Path, facts: Facts, settings: Settings) -> Estate:
    """The machines of the service. Raises InventoryError with everything that is wrong, nothing left out."""
    _refuse(inventory, list(about_groups(facts, settings)))
    wrong = [*about_places(facts, settings), *about_values(facts, settings)]
    _refuse(inventory, wrong)
    hosts = _each(wrong, facts, settings, settings.hosts, _host)
    balancers = _each(wrong, facts, settings, settings.balancers.group, _balancer) or _devices(settings)
    edges = _edges(wrong, facts, settings)
    dns = _dns(wrong, settings)
    _refuse(inventory, wrong + list(twins(hosts, balancers)))
    return Estate(inventory=inventory, hosts=hosts, balancers=balancers, edges=edges, dns=dns)


def _each(
    wrong: list[str],
    facts: Facts,
    settings: Settings,
    group: str,
    make: Callable[[str, str, Facts, Settings], Machine],
) -> tuple[Machine, ...]:
    """The members of a group, site by site in the order of the settings, hosts in the order people count."""
    members = set(facts.groups.get(group, ()))
    made: list[Machine] = []
    for site, values in settings.sites.items():
        for name in sorted(members & set(facts.groups[values.group]), key=counted):
            try:
                made.append(make(site, name, facts, settings))
            except InventoryError as complaint:
                wrong.append(str(complaint))
    return tuple(made)


def _host(site: str, name: str, facts: Facts, settings: Settings) -> Host:
    reached = login(facts, name)
    unit, control = facts.text(name, "deployer_unit"), facts.text(name, "deployer_control")
    if unit and control:
        raise InventoryError("both deployer_unit and deployer_control are given", where=f"host {name}")
    if not unit and not control:
        unit, control = settings.app.unit, settings.app.control
    if not unit and not control and not settings.playbooks.deploy:
        raise InventoryError(
            "nothing says how its service is restarted: set app.unit or app.control in deployer.yml, "
            "or deployer_unit or deployer_control for the host",
            where=f"host {name}",
        )
    return Host(
        name=name,
        site=site,
        login=reached,
        address=facts.text(name, "deployer_address") or reached.address,
        port=number(facts, name, "deployer_port") or settings.app.port,
        root=_path(facts, name, "deployer_root", settings.release.root),
        health_file=_path(facts, name, "deployer_health_file", settings.health_file.path),
        unit=unit,
        control=control,
        colour=_colour(facts, name, settings),
    )


def _colour(facts: Facts, name: str, settings: Settings) -> str:
    groups = {"blue": settings.bluegreen.blue, "green": settings.bluegreen.green}
    found = [colour for colour, group in groups.items() if group and name in facts.groups[group]]
    if len(found) > 1:
        raise InventoryError("both blue and green (deployer.yml: bluegreen)", where=f"host {name}")
    return next(iter(found), "")


def _balancer(site: str, name: str, facts: Facts, settings: Settings) -> Balancer:
    values = settings.balancers
    kind = _kind(facts, name, values.kind)
    return Balancer(
        name=name,
        site=site,
        kind=kind,
        login=login(facts, name),
        pool=settings.pool,
        socket=_path(facts, name, "deployer_socket", values.socket),
        master_socket=_path(facts, name, "deployer_master_socket", values.master_socket),
        maps=_path(facts, name, "deployer_maps", values.maps or MAPS[kind]),
        log=_log(facts, name, values.log),
    )


def _devices(settings: Settings) -> tuple[Balancer, ...]:
    """Opaque devices need not be machines of the inventory: one stands for each site, without an address."""
    return tuple(
        Balancer(name=f"{site}-device", site=site, kind="opaque", login=Login(address=""), pool=settings.pool)
        for site in settings.sites
    )


def _edges(wrong: list[str], facts: Facts, settings: Settings) -> tuple[EdgeNode, ...]:
    if settings.edge is None:
        return ()
    nodes: list[EdgeNode] = []
    for name in sorted(facts.groups[settings.edge.group], key=counted):
        try:
            nodes.append(_edge(name, facts, settings.edge))
        except InventoryError as complaint:
            wrong.append(str(complaint))
    return tuple(nodes)


def _edge(name: str, facts: Facts, values: EdgeValues) -> EdgeNode:
    return EdgeNode(
        name,
        values.kind,
        login(facts, name),
        _path(facts, name, "deployer_socket", values.socket),
        values.backend,
        _path(facts, name, "deployer_state_file", values.state_file),
        _path(facts, name, "deployer_maps", values.maps or MAPS[values.kind]) if values.kind == "nginx" else "",
    )


def _dns(wrong: list[str], settings: Settings) -> Dns | None:
    values = settings.dns
    if values is None:
        return None
    if set(values.addresses) != set(settings.sites):
        given, known = ", ".join(values.addresses), ", ".join(settings.sites)
        wrong.append(f"dns.addresses in deployer.yml names {given}; the sites are {known}")
    if settings.edge is None:
        wrong.append("dns in deployer.yml follows the edge: give edge too")
    return Dns(
        kind=values.kind,
        name=values.name,
        addresses=tuple((site, values.addresses.get(site, ())) for site in settings.sites),
        ttl=round(values.ttl),
        within=values.within,
        zone=values.domain,
        server=values.server,
        secondaries=values.secondaries,
        key_file=values.key_file,
        hosted_zone=values.hosted_zone,
    )


def _path(facts: Facts, name: str, variable: str, otherwise: str) -> str:
    path = facts.text(name, variable) or otherwise
    if path and not path.startswith("/"):
        raise InventoryError(f"{variable} is {path!r}, expected an absolute path", where=f"host {name}")
    return path


def _log(facts: Facts, name: str, otherwise: str) -> str:
    try:
        return log_target(facts.text(name, "deployer_log") or otherwise)
    except ValueError as wrong:
        given = facts.text(name, "deployer_log")
        raise InventoryError(f"deployer_log is {given!r}, expected {wrong}", where=f"host {name}") from wrong


def _kind(facts: Facts, name: str, otherwise: str) -> str:
    kind = facts.text(name, "deployer_kind") or otherwise
    if kind not in ("haproxy", "nginx", "opaque"):
        raise InventoryError(f"deployer_kind is {kind!r}, expected one of haproxy, nginx, opaque", where=f"host {name}")
    return kind


def _refuse(inventory: Path, wrong: list[str]) -> None:
    if wrong:
        raise InventoryError(
            "\n".join(f"{inventory}: {one}" for one in dict.fromkeys(wrong)),
            remedy=f"mend the inventory or deployer.yml; ansible-inventory -i {inventory} --graph shows its groups",
        )
