"""Which releases lie on which hosts, with their digests, as people read them before they go back"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deployer.lineage import Lineage
from deployer.model import Picture
from deployer.report import words
from deployer.shelves import Shelf

_DIGITS = 12


def disks_text(shelves: Sequence[Shelf], picture: Picture, line: Lineage) -> str:
    """Per site and release, ending in a newline."""
    sites = dict.fromkeys(shelf.site for shelf in shelves)
    return "\n".join(row for site in sites for row in _site(site, shelves, picture, line)) + "\n"


def disks_json(shelves: Sequence[Shelf], line: Lineage) -> dict[str, object]:
    return {
        "hosts": [
            {
                "host": shelf.host,
                "site": shelf.site,
                "current": shelf.current or None,
                "releases": dict(shelf.releases),
                "complaint": shelf.complaint,
            }
            for shelf in shelves
        ],
        "line": list(line.versions),
        "irreversible": sorted(line.irreversible),
        "before": line.before or None,
    }


def _site(site: str, shelves: Sequence[Shelf], picture: Picture, line: Lineage) -> Iterator[str]:
    here = [shelf for shelf in shelves if shelf.site == site]
    yield f"on disk at {site}"
    kinds = dict.fromkeys(kind for shelf in here for kind in shelf.releases)
    for version, digest in sorted(kinds, key=lambda kind: _age(kind[0], line), reverse=True):
        hosts = [shelf.host for shelf in here if (version, digest) in shelf.releases]
        running = sum(picture.hosts[host].release == version for host in hosts)
        named = f": {words.hosts(hosts)}" if len(hosts) < len(here) else ""
        runs = f", runs on {running}" if running else ""
        mark = ", irreversible" if version in line.irreversible else ""
        yield (
            f"  {words.one_line(version):<10} sha256 {digest[:_DIGITS] or 'unknown':<{_DIGITS}}  "
            f"{len(hosts)} of {words.count(len(here), 'host')}{named}{runs}{mark}"
        )
    for shelf in here:
        if shelf.complaint:
            yield f"  {shelf.host} does not answer: {words.one_line(shelf.complaint)}"


def _age(version: str, line: Lineage) -> tuple[int, str]:
    return (line.versions.index(version) if version in line.versions else -1), version
