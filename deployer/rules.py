"""What people decide: who may answer for a gate, until when, and what happens when nobody does"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from math import inf

from deployer.errors import Refused
from deployer.windows import NEVER, Windows


class Then(Enum):
    """What a run does when nobody has answered in time."""

    HOLD = "hold"
    ABORT = "abort"
    PROMOTE = "promote"


@dataclass(frozen=True, slots=True)
class Approvals:
    """`another`: not whoever started the run; `of`: only these, when any are named.

    `timeout` seconds after it was asked (0: never) the default action follows; `wait` is how many seconds the
    orchestrator stays for the answer (None: until the timeout).
    """

    another: bool = False
    of: tuple[str, ...] = ()
    timeout: float = 0.0
    then: Then = Then.HOLD
    wait: float | None = None

    def deadline(self, asked: float) -> float | None:
        """The moment the default action is due, for a question that was asked at this moment."""
        return asked + self.timeout if self.timeout else None

    @property
    def stays(self) -> float:
        """How many seconds the orchestrator waits, at most."""
        return self.wait if self.wait is not None else inf if self.timeout else 0.0

    def refuse(self, run: str, starter: str, who: str) -> None:
        """Raises Refused when `who` may not answer for a run of `starter`."""
        ask = f"deployer approve {run} --as NAME, by {' or '.join(self.of) or 'anybody else, from an own account'}"
        if self.another and name_of(starter) in names_of(who):
            raise Refused(f"{starter} started run {run}: another person must answer for it", where=who, remedy=ask)
        self.refuse_stranger(name_of(who), ask)

    def refuse_stranger(self, name: str, remedy: str = "") -> None:
        """Raises Refused when only others are named."""
        if self.of and _plain(name) not in {_plain(one) for one in self.of}:
            raise Refused(f"only {', '.join(self.of)} may answer for a run here", where=name, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Rules:
    """What deployer.yml says about people."""

    approvals: Approvals = Approvals()
    windows: Windows = NEVER
    freeze_wait: float = 3600.0
    """Seconds a run waits for the end of a freeze."""


def name_of(who: str) -> str:
    """The person's name: `ann` of `ann@ops1`, of `Ann (jenkins@agent1)` and of `ann@example.com (root@ops1)`."""
    claimed, _, account = who.rpartition(" (")
    return _plain(claimed or account)


def names_of(who: str) -> frozenset[str]:
    """The name, and the account it was typed from."""
    claimed, _, account = who.rpartition(" (")
    return frozenset(_plain(name) for name in (claimed, account.rstrip(")")) if name)


def others(names: Iterable[str], starter: str) -> tuple[str, ...]:
    """Those of these names that are not the starter."""
    return tuple(name for name in names if _plain(name) != name_of(starter))


def _plain(name: str) -> str:
    return " ".join(name.partition("@")[0].split()).casefold()
