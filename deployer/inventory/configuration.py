"""The ansible.cfg that Ansible will read, and the environment under which it reads our inventories"""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

IGNORED = (r"^deployer\.yml$", r"\.db(-wal|-shm|-journal)?$", r"^inventory-[0-9a-f]+\.json")
"""Files of ours that may lie in an inventory's directory, as patterns of their names."""

_PLACES = ("ansible.cfg", "~/.ansible.cfg", "/etc/ansible/ansible.cfg")
_PATTERNS = (("inventory", "ignore_patterns"), ("defaults", "inventory_ignore_patterns"))


def environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment under which Ansible reads our inventories: what is `given`, else our own, and four settings.

    A locale that comes over SSH and is not installed here, or C, would keep Ansible from starting.
    Without the patterns Ansible takes deployer.yml and a journal beside it for inventory files and makes groups of
    their keys. Without the flags it warns where a file cannot be parsed, and goes on with half of the hosts.
    """
    own = dict(os.environ if given is None else given)
    theirs = own.get("ANSIBLE_INVENTORY_IGNORE_REGEX") or _configured(own)
    own["ANSIBLE_INVENTORY_IGNORE_REGEX"] = ",".join([*([theirs] if theirs else []), *IGNORED])
    own["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "True"
    own["ANSIBLE_HOST_PATTERN_MISMATCH"] = "error"
    own["LC_ALL"] = "C.UTF-8"
    return own


def configuration(environ: Mapping[str, str]) -> Path | None:
    """The one configuration file Ansible reads: the first of these that is there."""
    named = environ.get("ANSIBLE_CONFIG", "")
    first = [Path(named) / "ansible.cfg" if Path(named).is_dir() else Path(named)] if named else []
    places = [*first, *(Path(place) for place in _PLACES)]
    return next((place for one in places if (place := one.expanduser().absolute()).is_file()), None)


def _configured(environ: Mapping[str, str]) -> str:
    """The user's own patterns, which our environment variable would hide."""
    place = configuration(environ)
    read = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        read.read(place or [], encoding="utf-8")
    except configparser.Error:
        return ""  # Ansible itself will say what is wrong with it
    return next((found for section, key in _PATTERNS if (found := read.get(section, key, fallback=""))), "")
