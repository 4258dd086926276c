"""What can be wrong between an inventory and the settings"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence

from deployer.inventory.facts import Facts
from deployer.inventory.names import close_to, counted
from deployer.inventory.wanted import OURS, OVERRIDES
from deployer.machines import Balancer, Host
from deployer.settings.values import Settings


def about_groups(facts: Facts, settings: Settings) -> Iterator[str]:
    """Groups that the settings name and the inventory does not have."""
    named = [(f"sites.{site}.group", values.group) for site, values in settings.sites.items()]
    named.append(("hosts", settings.hosts))
    if settings.balancers.kind != "opaque":
        named.append(("balancers.group", settings.balancers.group))
    if settings.edge is not None:
        named.append(("edge.group", settings.edge.group))
    colours = (("blue", settings.bluegreen.blue), ("green", settings.bluegreen.green))
    named += [(f"bluegreen.{colour}", group) for colour, group in colours if group]
    for key, group in named:
        if group not in facts.groups:
            yield f"no group {group} (deployer.yml: {key}){close_to(group, facts.groups)}"
        elif not facts.groups[group]:
            yield f"group {group} has no hosts (deployer.yml: {key})"


def about_places(facts: Facts, settings: Settings) -> Iterator[str]:
    """Machines in no site or in two, and sites without machines."""
    groups = {site: set(facts.groups[values.group]) for site, values in settings.sites.items()}
    balancing = facts.groups.get(settings.balancers.group, ())
    for what, members in (("host", facts.groups[settings.hosts]), ("balancer", balancing)):
        for name in sorted(members, key=counted):
            sites = [site for site, group in groups.items() if name in group]
            if len(sites) != 1:
                yield f"{what} {name} is in {_and(sites)}: it must be in the group of exactly one of {_and(groups)}"
        yield from _empty(what, set(members), groups, settings)


def _empty(what: str, members: set[str], groups: dict[str, set[str]], settings: Settings) -> Iterator[str]:
    if what == "balancer" and settings.balancers.kind == "opaque":
        return
    key = settings.hosts if what == "host" else settings.balancers.group
    for site, group in groups.items():
        if not members & group:
            yield f"site {site} has no {what}: none is both in {key} and in {settings.sites[site].group}"


def about_values(facts: Facts, settings: Settings) -> Iterator[str]:
    """Variables Ansible could not resolve, and near misses of our own names, on the service's machines."""
    ours = service_machines(facts, settings)
    for host, name, why in facts.wrong:
        if host in ours:
            yield f"host {host}: {name}: {why}"
    for host in sorted(ours, key=counted):
        for name in facts.hosts[host]:
            meant = difflib.get_close_matches(name, OVERRIDES, n=1, cutoff=0.85)
            if name.startswith(OURS) and name not in OVERRIDES and meant:
                yield f"host {host}: unknown variable {name}; did you mean {meant[0]}?"


def service_machines(facts: Facts, settings: Settings) -> frozenset[str]:
    groups = [settings.hosts, settings.balancers.group, *([settings.edge.group] if settings.edge else [])]
    return frozenset(name for group in groups for name in facts.groups.get(group, ()))


def twins(hosts: Sequence[Host], balancers: Sequence[Balancer]) -> Iterator[str]:
    """Two names for one machine would be drained and counted as two."""
    yield from _same("hosts", "ssh address", [(host.name, (host.login.address, host.login.port)) for host in hosts])
    yield from _same("hosts", "service address", [(host.name, (host.address, host.port)) for host in hosts])
    reached = [(one.name, (one.login.address, one.login.port)) for one in balancers if one.login.address]
    yield from _same("balancers", "ssh address", reached)


def _same(what: str, fact: str, named: Iterable[tuple[str, tuple[Hashable, ...]]]) -> Iterator[str]:
    sharing: dict[tuple[Hashable, ...], list[str]] = defaultdict(list)
    for name, place in named:
        sharing[place].append(name)
    for place, names in sharing.items():
        if len(names) > 1:
            yield f"{what} {_and(names)} have the same {fact} {':'.join(str(part) for part in place)}"


def _and(names: Iterable[str]) -> str:
    *most, last = [*names] or ["no site"]
    return f"{', '.join(most)} and {last}" if most else last
