"""The tree of failures with their exit codes

DeployerError            1  a bug of ours, unless a branch below says otherwise
├── UsageError           2  usage or settings wrong, nothing touched
│   ├── SettingsError
│   └── InventoryError
├── Refused              3  unsafe plan or failed preflight, nothing touched
│   ├── UnsafePlan
│   └── PreflightFailed
├── Taken                4  somebody else holds the lock, or took over
│   ├── LockHeld
│   └── Overtaken
├── StepFailed           6  a verb could not make its promise true (the engine decides what follows)
│   └── Unreachable      6  a machine does not answer: unknown, not down
├── PutBack              5  failed, and everything was put back
├── HalfWay              6  stopped half-way, a person is needed, the journal says where
├── JournalDamaged       6  the journal's chain is broken
├── Waiting              7  approval or an inconclusive gate
└── Stale                8  the saved plan is stale, the world moved
"""

from __future__ import annotations

from typing import ClassVar


class DeployerError(Exception):
    """What happened, where, and the next command to type."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        then = f"\n  next: {self.remedy}" if self.remedy else ""
        return f"{place}{self.what}{then}"


class UsageError(DeployerError):
    exit_code = 2


class SettingsError(UsageError):
    pass


class InventoryError(UsageError):
    pass


class Refused(DeployerError):
    exit_code = 3


class UnsafePlan(Refused):
    pass


class PreflightFailed(Refused):
    pass


class Taken(DeployerError):
    exit_code = 4


class LockHeld(Taken):
    pass


class Overtaken(Taken):
    pass


class StepFailed(DeployerError):
    """A verb's promise did not become true; `hosts` are those it failed for, empty when it is not theirs."""

    exit_code = 6

    def __init__(self, what: str, *, where: str = "", remedy: str = "", hosts: tuple[str, ...] = ()) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.hosts = hosts


class Unreachable(StepFailed):
    pass


class PutBack(DeployerError):
    exit_code = 5


class HalfWay(DeployerError):
    exit_code = 6


class JournalDamaged(DeployerError):
    exit_code = 6


class Waiting(DeployerError):
    exit_code = 7


class Stale(DeployerError):
    exit_code = 8
