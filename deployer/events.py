"""What is written down: the kinds of records a journal holds"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from deployer.model import HostSeen, Picture, Split
from deployer.plan import Plan
from deployer.world import Look, Outcome


class End(Enum):
    """How a run ended, or stands still."""

    DONE = "done"
    PUT_BACK = "put back"  # failed, and everything is as before
    HALF_WAY = "half-way"  # a person is needed
    STOPPED = "stopped"  # by the operator, resumable
    SUSPENDED = "suspended"  # overtaken by a newer holder, resumable
    WAITING = "waiting"  # approval or an inconclusive gate, resumable


@dataclass(frozen=True, slots=True)
class Planned:
    """The first record of a run: who wants what, the plan, and the picture it was made from."""

    owner: str
    plan: Plan
    picture: Picture
    reason: str = ""
    foretold: float | None = None
    """How many seconds it was said to take; None: that was not known."""
    bound: bool = False
    """A freeze holds it: it brings out a release. What lowers a risk is never held."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An orchestrator took the run up (again) with this epoch."""

    owner: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Begun:
    """Step `number` of plan `line` (0 the plan, 1.. the ways back) begins; `before` is its hosts as they were,
    `split` what a Shift's scope was set to.
    """

    line: int
    number: int
    before: tuple[HostSeen, ...] = ()
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class Done:
    line: int
    number: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Failed:
    """The step did not become true; what was observed, and whose fault it was.

    An Ask that was answered with yes fails later when what it let pass turns out to be bad.
    """

    line: int
    number: int
    what: str
    where: str = ""
    remedy: str = ""
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """A gate looked, on behalf of the Ask `number`: one of the looks that share the run's error budget."""

    line: int
    number: int
    look: Look


@dataclass(frozen=True, slots=True)
class Undecided:
    """The Ask `number` found no verdict: the run waits for a person."""

    line: int
    number: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Held:
    """These hosts failed within the budget: left out of the pool, the run goes on without them."""

    hosts: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class AbortAsked:
    """Somebody asked, from outside the run, to stop and go back."""

    who: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Injected:
    """Somebody lets requests fail for a drill, until this moment (UTC epoch seconds)."""

    who: str
    what: str
    until: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Approved:
    """A person answered for a gate: the Ask `number` of plan `line` passes."""

    line: int
    number: int
    who: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OnHold:
    """Before step `number` the run waits for the end of a freeze, at `until` (UTC epoch seconds; None: not known)."""

    line: int
    number: int
    why: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Overrode:
    """Two people let the run go on though there is a freeze, the one of this `mark` and no other."""

    who: str
    second: str
    reason: str
    mark: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """Stop the line: no release goes on, until this moment (UTC epoch seconds), or until somebody lifts it."""

    who: str
    reason: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Lifted:
    """Whatever somebody froze goes on."""

    who: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LockBroken:
    """Somebody frees the lock under its holder: `owner`, for `run`."""

    who: str
    reason: str
    owner: str
    run: str


@dataclass(frozen=True, slots=True)
class GoingBack:
    """From here plan `line` is walked: the way back; `lost` says what it cannot put back, in words for people."""

    line: int
    plan: Plan
    why: str
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Called:
    """A hook of the operator's own was called at this point of the run; `wrong` is "" where all was well."""

    point: str
    hook: str
    wrong: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Ended:
    end: End
    note: str = ""
    remedy: str = ""


Event = (
    Planned
    | Taken
    | Begun
    | Done
    | Failed
    | Looked
    | Undecided
    | Held
    | AbortAsked
    | Approved
    | GoingBack
    | Ended
    | Injected
    | Called
    | OnHold
    | Overrode
    | Frozen
    | Lifted
    | LockBroken
)

SERVICE = "*"
"""Stands for a run's name in records about the service as a whole."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the journal: when (UTC epoch seconds) and in which run it happened."""

    seq: int
    run: str
    at: float
    event: Event
