"""The port to what measures: a question about two groups of hosts, watched from now on, read as often as one likes"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from deployer.gates.judge.data import Data


@dataclass(frozen=True, slots=True)
class Group:
    """Hosts by site that run one release."""

    release: str
    hosts: Mapping[str, tuple[str, ...]]

    def at(self, site: str) -> tuple[str, ...]:
        return self.hosts.get(site, ())


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be measured: the canary against its baseline at these sites, from `start` (seconds since 1970) on.

    `metrics` are those a source measures (`error_rate`, `latency`, `cpu`, …): what judge.config calls `source`.
    When a group, a site or the window's start changes, it is another question: open it anew.
    """

    canary: Group
    baseline: Group
    sites: tuple[str, ...]
    metrics: tuple[str, ...]
    start: float

    def groups(self) -> tuple[tuple[str, Group], ...]:
        return (("canary", self.canary), ("baseline", self.baseline))


class Watch(Protocol):
    """A question that is being watched. `since` is when its data begin: never before the question's start."""

    @property
    def since(self) -> float: ...

    def read(self, until: float) -> Data:
        """What was measured from `since` to `until` (seconds since 1970, about now).

        Raises nothing for what a source, a network or a machine does: silence, staleness, warnings, partial answers,
        counters that began anew come back as faults, each naming its metric and site where it has one.
        """

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Found:
    """One thing `doctor` looked at: well when there is no remedy; `grave` when no verdict can come of it."""

    about: str
    found: str
    remedy: str = ""
    grave: bool = False


class Source(Protocol):
    """`knows` are the metrics it can measure; `name` is what an operator calls it, with its address."""

    @property
    def name(self) -> str: ...

    @property
    def knows(self) -> tuple[str, ...]: ...

    def open(self, question: Question) -> Watch:
        """Watches from now on. Never raises for what is far away: `read` tells."""

    def examine(self, question: Question) -> Iterator[Found]:
        """Tries every part of itself and every metric of the question, changing nothing."""
