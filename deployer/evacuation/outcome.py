"""How an evacuation went, and the records it leaves in the journal"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deployer.errors import DeployerError
from deployer.evacuation.judgement import without
from deployer.evacuation.leaving import Left
from deployer.evacuation.sweep import Emptied
from deployer.events import Done, End, Ended, Failed
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

    @property
    def complete(self) -> bool:
        return not self.missing and self.left.quiet is not None


def events(found: Evacuated) -> tuple[Done | Failed | Ended, ...]:
    note = f"{without(found.before, found.site)} on {', '.join(found.changed) or 'no node'}"
    if found.complete:
        open_ = f"; {found.left.open} still in flight" if found.left.open else ""
        return Done(0, 1, Outcome(note=note + open_)), Ended(End.DONE, "", f"deployer restore {found.site}")
    names = ", ".join(found.missing)
    what = f"not changed: {names}" if names else f"{found.site} still gets requests"
    again = f"deployer evacuate {found.site}"
    return Failed(0, 1, f"{note}; {what}", names, again), Ended(End.HALF_WAY, what, again)
