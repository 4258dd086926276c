"""What is asked of a DNS provider, and what its servers answer"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from deployer.model import Split


@dataclass(frozen=True, slots=True)
class Answer:
    """What one authoritative server says now; `split` None: it says nothing of ours, or `wrong` says why not."""

    server: str
    split: Split | None = None
    wrong: str = ""


class Names(Protocol):
    """One name at its provider."""

    def answers(self) -> tuple[Answer, ...]:
        """Every authoritative server, the one that takes changes first. Never raises."""

    def nearest(self, split: Split) -> Split:
        """What the provider can hold of this split."""

    def put(self, split: Split) -> None:
        """The primary has the nearest to this split; nothing is done where it has it already.

        Raises:
            Unreachable: the provider does not answer.
            StepFailed: it refuses, or there are records that are not ours to change.
        """
