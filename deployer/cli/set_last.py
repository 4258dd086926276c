"""The split that was set last at each site, as the journal says"""

from __future__ import annotations

from collections.abc import Mapping

from deployer.cli.books import Books
from deployer.model import Split
from deployer.progress import fold
from deployer.steps import Shift

RUNS = 30
"""So many runs back a split may lie."""


def set_last(books: Books, sites: tuple[str, ...]) -> Mapping[str, Split]:
    """Site to split; sites that no run shifted are not in it."""
    found: dict[str, Split] = {}
    for head in books.journal.runs(RUNS):
        progress = fold(books.records(head.run))
        steps = {(line, n): step for line, plan in enumerate(progress.lines) for n, _, _, step in plan.walk()}
        for step_id in sorted(progress.done, key=lambda step_id: progress.ended_at[step_id], reverse=True):
            step = steps[step_id]
            if isinstance(step, Shift) and step.scope in sites:
                found.setdefault(step.scope, step.split)
        if len(found) == len(sites):
            break
    return found
