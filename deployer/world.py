"""The ports to the outside: what the engine asks of balancers, hosts, probes, gates and time"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from deployer.gates.judge.data import Side
from deployer.gates.judge.judgement import Judged
from deployer.model import Picture, Split, Verdict, View
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Verify


@dataclass(frozen=True, slots=True)
class Point:
    """One metric at one look, on the release that is judged and on the former one; None: no data."""

    metric: str
    new: float | None = None
    old: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """A gate looked at the run's `window`-th window of data, from 1, which began at `since` and went until `at` (UTC
    epoch seconds): what it would have said then.
    """

    since: float
    at: float
    window: int
    verdict: Verdict
    score: float = 0.0
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Passed:
    """A question that was answered with yes: its number in the plan, and when."""

    number: int
    step: Ask
    at: float


@dataclass(frozen=True, slots=True)
class Past:
    """What the journal says that a gate must know; times are UTC epoch seconds.

    `windows` of data were judged in this run so far. `changed` says when hosts or shares of a site changed last,
    `shifted` when its shares did, `restarted` when a host's service was; sites in `changing` are being changed just
    now. `passed` is the last question of this plan that was answered with yes; `before` says per site what the former
    release did when it was last judged against; `approved` is the name of who answered for the gate. `splits` says
    which split the run set last at each site; a site whose shares are being changed just now is not in it.
    """

    windows: int = 0
    changed: Mapping[str, float] = field(default_factory=dict)
    shifted: Mapping[str, float] = field(default_factory=dict)
    restarted: Mapping[str, float] = field(default_factory=dict)
    changing: frozenset[str] = frozenset()
    passed: Passed | None = None
    before: Mapping[str, Side] = field(default_factory=dict)
    approved: str = ""
    splits: Mapping[str, Split] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """What a verb is told besides its step: who acts (run, epoch), which act (`step` is unique within the run
    and safe in file names, "0-12" = plan 0, step 12), and two ways to talk to the engine while it waits.

    `tell` takes what is being waited for, for people: a line, and more below it that need not be shown; `stopping`
    turns true when the operator wants the run to stop: a verb that has not acted yet, or waits without end, raises
    StepFailed then; it may also finish. A gate also learns what was before (`past`, as it is when asked), and has each
    of its looks written down (`looked`).
    """

    run: str
    epoch: int
    step: str
    tell: Callable[[str], None]
    stopping: Callable[[], bool]
    past: Callable[[], Past] = Past
    looked: Callable[[Look], None] = lambda _look: None


@dataclass(frozen=True, slots=True)
class HostOutcome:
    """What a verb saw of one host: ok or not, a line for people, and how long the host took (seconds)."""

    host: str
    ok: bool = True
    note: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a verb observed. Hosts that failed are listed with ok=False; a verb that failed as a whole raises."""

    note: str = ""
    hosts: tuple[HostOutcome, ...] = ()
    verdict: Verdict | None = None
    judged: Judged | None = None
    """What a verdict was reached from, and how."""
    source: str = ""
    """Who measured it, with the address."""
    carries: tuple[tuple[str, float], ...] = ()
    """Requests/s that hosts were seen to carry."""

    @property
    def failed(self) -> tuple[HostOutcome, ...]:
        return tuple(host for host in self.hosts if not host.ok)


@dataclass(frozen=True, slots=True)
class Running:
    """What a host says of itself: `current` is where the link points, `version` what its service answers.

    `fetched` lists (version, sha256) of the releases that lie on the host. None: could not be learned, `note` says why.
    """

    host: str
    current: str | None = None
    version: str | None = None
    healthy: bool | None = None
    fetched: tuple[tuple[str, str], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class TrafficSeen:
    """What the balancers say: views per host, split per site (and "edge"), release per slot and site."""

    views: Mapping[str, tuple[View, ...]]
    splits: Mapping[str, Split]
    slots: Mapping[str, tuple[tuple[str, str], ...]]
    complaints: tuple[str, ...] = ()


class Traffic(Protocol):
    """Who receives requests. Raises StepFailed / Unreachable with evidence, Overtaken when a newer epoch acted."""

    def look(self, sites: Sequence[str]) -> TrafficSeen: ...
    def drain(self, step: Drain, order: Order) -> Outcome: ...
    def readmit(self, step: Readmit, order: Order) -> Outcome: ...
    def shift(self, step: Shift, order: Order) -> Outcome: ...


class Fleet(Protocol):
    """The machines. Raises StepFailed / Unreachable with evidence."""

    def prepare(self, step: Deploy, order: Order) -> None:
        """Start what can be started before the hosts are idle; touches no host. Forgotten if deploy never comes."""

    def forget(self, order: Order) -> None:
        """End what `prepare` started for this order."""

    def fetch(self, step: Fetch, order: Order) -> Outcome: ...
    def deploy(self, step: Deploy, order: Order) -> Outcome: ...

    def settle(self, run: str) -> None:
        """Wait for or stop what a killed orchestrator left running."""


class Probe(Protocol):
    """A host's own HTTP, asked past the balancers."""

    def look(self, hosts: Sequence[str]) -> Mapping[str, Running]: ...
    def verify(self, step: Verify, order: Order) -> Outcome: ...


class Gates(Protocol):
    """Whether we may go on. The outcome carries the verdict and its reason."""

    def ask(self, step: Ask, order: Order) -> Outcome: ...

    def between(self, order: Order) -> Outcome | None:
        """While nobody asks: a FAIL of what was answered with yes before, else None. Comes back within seconds."""


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since 1970, UTC."""

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class Eyes(Protocol):
    """Looking: balancers' views and hosts' own words put together."""

    def look(self) -> Picture:
        """Every site, every host of the inventory group probed."""

    def glance(self, site: str, hosts: Sequence[str]) -> Picture:
        """One site as its balancers see it now; only these hosts are probed, the others' release is None."""


@dataclass(frozen=True, slots=True)
class World:
    """All ports together."""

    traffic: Traffic
    fleet: Fleet
    probe: Probe
    gates: Gates
    clock: Clock
    eyes: Eyes
