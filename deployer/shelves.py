"""What lies on each host: its releases with their digests, which one is linked, which one was before"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deployer.errors import DeployerError, Refused
from deployer.machines import Estate, Host
from deployer.model import Picture
from deployer.reach import PATIENCE, Shell

_SCRIPT = """
cd {root} 2>/dev/null || exit 0
echo current $(basename "$(readlink current)")
for d in releases/*/; do [ -d "$d" ] && echo release $(basename "$d") $(head -c 64 "$d.sha256" 2>/dev/null); done
:"""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One host: (version, sha256) of each release on its disk ("" = no digest there); `complaint` why it is unknown."""

    host: str
    site: str
    current: str = ""
    releases: tuple[tuple[str, str], ...] = ()
    complaint: str = ""

    def digest(self, version: str) -> str | None:
        return dict(self.releases).get(version)


def look(shell: Shell, estate: Estate) -> tuple[Shelf, ...]:
    """Every host at once. Never raises for what a host does."""
    hosts = estate.by_name
    found: Mapping[str, Shelf] = shell.each(hosts, lambda name: _one(shell, hosts[name]))
    return tuple(found[name] for name in hosts)


def _one(shell: Shell, host: Host) -> Shelf:
    try:
        said = shell.ask(host.name, "sh", _SCRIPT.format(root=shlex.quote(host.root)), timeout=PATIENCE)
    except DeployerError as wrong:
        return Shelf(host.name, host.site, complaint=wrong.what)
    if not said.ok:
        return Shelf(host.name, host.site, complaint=said.complaint)
    lines = [line.split() for line in said.out.splitlines()]
    current = next((words[1] for words in lines if words[0] == "current" and len(words) > 1), "")
    releases = tuple((words[1], (*words, "")[2]) for words in lines if words[0] == "release" and len(words) > 1)
    return Shelf(host.name, host.site, current, releases)


def lacking(shelves: Sequence[Shelf], version: str, sha256: str) -> tuple[str, ...]:
    """Hosts that answer and do not have these very bytes."""
    return tuple(shelf.host for shelf in shelves if not shelf.complaint and shelf.digest(version) != sha256)


def digests(shelves: Sequence[Shelf], version: str) -> tuple[str, ...]:
    """The different digests under which this version lies on hosts, the most frequent first."""
    found = [shelf.digest(version) for shelf in shelves if shelf.digest(version)]
    return tuple(sorted({one for one in found if one}, key=lambda one: (-found.count(one), one)))


def silent(shelves: Sequence[Shelf], picture: Picture, excluded: Sequence[str] = ()) -> tuple[str, ...]:
    """Hosts that do not answer and serve nobody: a run may go on without them.

    Raises:
        Refused: one may serve users, so it cannot be left to chance.
    """
    quiet = [shelf for shelf in shelves if shelf.complaint and shelf.host not in excluded]
    for shelf in quiet:
        if not picture.hosts[shelf.host].idle:
            raise Refused(
                f"it may serve users and cannot be reached: {shelf.complaint}",
                where=shelf.host,
                remedy=f"--exclude {shelf.host} --reason TEXT leaves it as it is",
            )
    return tuple(shelf.host for shelf in quiet)
