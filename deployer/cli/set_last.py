"""The split that was set last at each site, as the journal says"""

from __future__ import annotations

from collections.abc import Mapping

from deployer.cli.books import Books
from deployer.model import Split
from deployer.past import set_at
from deployer.progress import fold

RUNS = 30
"""So many runs back a split may lie."""


def set_last(books: Books, sites: tuple[str, ...]) -> Mapping[str, Split]:
    """Site to split; sites that no run shifted are not in it."""
    found: dict[str, tuple[float, Split]] = {}
    for head in sorted(books.journal.runs(RUNS), key=lambda head: head.changed, reverse=True):
        if len(found) == len(sites) and all(at >= head.changed for at, _ in found.values()):
            break
        for site, (at, split) in set_at(fold(books.records(head.run))).items():
            if site in sites and (site not in found or at > found[site][0]):
                found[site] = at, split
    return {site: split for site, (_, split) in found.items()}
