"""What waits for a person: the question, who may answer it, and what happens when nobody does"""

from __future__ import annotations

from dataclasses import dataclass

from deployer.errors import UsageError
from deployer.progress import Progress, waiting_at
from deployer.rules import Approvals, Then, others


@dataclass(frozen=True, slots=True)
class Pending:
    """`since` and `due` are UTC epoch seconds; None: the gate may still find a verdict; no time is set.

    `of` are the names that may answer, empty: everybody, `but` the one who may not.
    """

    run: str
    line: int
    number: int
    about: str
    since: float | None
    due: float | None
    then: Then
    of: tuple[str, ...] = ()
    but: str = ""


def pending(progress: Progress, rules: Approvals, *, at_work: bool) -> Pending | None:
    """What a person may answer of this run now; None when nothing."""
    try:
        gate = waiting_at(progress, at_work=at_work)
    except UsageError:
        return None
    since = progress.asked_at.get((gate.line, gate.number))
    return Pending(
        progress.run,
        gate.line,
        gate.number,
        gate.about,
        since,
        None if since is None else rules.deadline(since),
        rules.then,
        others(rules.of, progress.starter) if rules.another else rules.of,
        progress.starter if rules.another else "",
    )
