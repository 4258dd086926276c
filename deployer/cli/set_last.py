"""The split that was set last at each site, as the journal says"""

from __future__ import annotations

from collections.abc import Mapping

from deployer.cli.books import Books
from deployer.model import Split
from deployer.past import splits
from deployer.progress import fold

RUNS = 30
"""So many runs back a split may lie."""


def set_last(books: Books, sites: tuple[str, ...]) -> Mapping[str, Split]:
    """Site to split; sites that no run shifted are not in it."""
    found: dict[str, Split] = {}
    for head in books.journal.runs(RUNS):
        for site, split in splits(fold(books.records(head.run))).items():
            if site in sites:
                found.setdefault(site, split)
        if len(found) == len(sites):
            break
    return found
