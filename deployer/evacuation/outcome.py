"""How an evacuation went, and the records it leaves in the journal"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deployer.errors import DeployerError
from deployer.evacuation.judgement import without
from deployer.evacuation.leaving import Left
from deployer.evacuation.sweep import Emptied
from deployer.events import Done, End, Ended, Failed, Record
from deployer.model import Split
from deployer.world import Outcome


@dataclass(frozen=True, slots=True)
class Evacuated:
    """How it went, node by node; `missing` were not changed. `seconds` is from the decision to the last read-back."""

    site: str
    run: str
    before: Split
    changed: Mapping[str, Emptied]
    missing: Mapping[str, DeployerError]
    left: Left
    seconds: float
    away: str
    followed: tuple[str, ...] = ()
    """Sentences on what followed the edge: DNS, hooks."""
    behind: tuple[str, ...] = ()
    """Those of them that say what is not done."""
    records: tuple[Record, ...] = ()
    """What was written down, also while the journal was away."""

    @property
    def left_alone(self) -> bool:
        """Nobody is sent there any more: the edge is done, whatever is behind it."""
        return not self.missing and self.left.quiet is not None

    @property
    def complete(self) -> bool:
        return self.left_alone and not self.behind


def events(found: Evacuated) -> tuple[Done | Failed | Ended, ...]:
    """The step is done when the edge is; the run is half-way where something behind it is missing."""
    edge = f"{without(found.before, found.site)} on {', '.join(found.changed) or 'no node'}"
    again = f"deployer evacuate {found.site}"
    if not found.left_alone:
        names = ", ".join(found.missing)
        what = f"not changed: {names}" if names else f"{found.site} still gets requests"
        failed = Failed(0, 1, "; ".join((edge, what, *found.followed)), names, again)
        return failed, Ended(End.HALF_WAY, what, again)
    open_ = (f"{found.left.open} still in flight",) if found.left.open else ()
    done = Done(0, 1, Outcome(note="; ".join((edge, *open_, *found.followed))))
    if found.behind:
        return done, Ended(End.HALF_WAY, f"the edge is done; {'; '.join(found.behind)}", again)
    return done, Ended(End.DONE, "", f"deployer restore {found.site}")
