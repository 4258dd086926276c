"""Which hosts a --limit pattern means"""

from __future__ import annotations

import re
from pathlib import Path

from deployer.errors import InventoryError
from deployer.inventory.ask import ask
from deployer.inventory.facts import Asking, Facts
from deployer.inventory.names import close_to, counted
from deployer.settings.values import Settings

_SEPARATORS = re.compile(r"[:,]")


def chosen(inventory: Path, facts: Facts, settings: Settings, pattern: str, asking: Asking) -> tuple[str, ...]:
    """The service's hosts that the pattern means, in the order people count. Raises InventoryError where it is none.

    Plain names of sites, groups and hosts are looked up here; anything else is a pattern that Ansible resolves.
    """
    words = [word.strip() for word in _SEPARATORS.split(pattern) if word.strip()]
    known = {**{name: (name,) for name in facts.hosts}, **facts.groups, **_sites(facts, settings)}
    if words and all(re.fullmatch(r"[\w.-]+", word) for word in words):
        meant = {host for word in words for host in _named(inventory, word, known)}
    else:
        meant = set(ask(inventory, asking, limit=_with_groups(pattern, settings)).limited)
    hosts = meant & set(facts.groups[settings.hosts])
    if not hosts:
        raise InventoryError(
            f"--limit {pattern} leaves no host of {settings.hosts}",
            where=str(inventory),
            remedy=f"name a site ({', '.join(settings.sites)}), a group or a host",
        )
    return tuple(sorted(hosts, key=counted))


def _named(inventory: Path, word: str, known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    if word not in known:
        raise InventoryError(
            f"--limit {word}: no site, group or host has this name{close_to(word, known)}",
            where=str(inventory),
            remedy="--limit with a site, a group or a host, as in Ansible",
        )
    return known[word]


def _sites(facts: Facts, settings: Settings) -> dict[str, tuple[str, ...]]:
    return {site: facts.groups[values.group] for site, values in settings.sites.items()}


def _with_groups(pattern: str, settings: Settings) -> str:
    """Ansible knows groups, not our sites: dc1:!web1 becomes paris:!web1 where site dc1 is group paris."""
    names = {site: values.group for site, values in settings.sites.items()}
    return re.sub(r"[\w.-]+", lambda word: names.get(word[0], word[0]), pattern)
