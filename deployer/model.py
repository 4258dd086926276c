"""The nouns"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from deployer.errors import UsageError

VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
WHOLE = 10_000
"""All users, in hundredths of a percent."""


@dataclass(frozen=True, slots=True)
class Release:
    """A version of the service and the bytes it consists of.

    `sha256` is the hex digest of the artifact; an irreversible release forbids going back.
    """

    version: str
    artifact: str = ""
    sha256: str = ""
    irreversible: bool = False

    def __post_init__(self) -> None:
        if not VERSION.fullmatch(self.version):
            raise UsageError(
                f"{self.version[:80]!r} is not a version: letters, digits, '.', '_', '+', '-', at most 64 in all",
                remedy="deployer deploy 1.2.3",
            )


NO_RELEASE = Release("none")
"""What an act on the shares of sites is about."""


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of users by name, in hundredths of a percent; names are releases (a site) or sites (the edge).

    A name with share 0 is known (testers and assets reach it) but nobody is sent there.
    """

    shares: tuple[tuple[str, int], ...]

    def __post_init__(self) -> None:
        if sum(share for _, share in self.shares) != WHOLE or any(share < 0 for _, share in self.shares):
            raise UsageError(f"the shares of {self} do not sum to 100 %")
        if len({name for name, _ in self.shares}) != len(self.shares):
            raise UsageError(f"{self} names a share twice")

    def of(self, name: str) -> int:
        return dict(self.shares).get(name, 0)

    def alike(self, other: Split) -> bool:
        """Users see no difference: names at share 0 are only known."""
        return all(self.of(name) == other.of(name) for name in {*dict(self.shares), *dict(other.shares)})

    def __str__(self) -> str:
        return ", ".join(f"{name} {share / 100:g} %" for name, share in self.shares)


class Standing(Enum):
    """How one balancer sees one host in one of its pools."""

    UP = "up"  # receives new requests
    OUT = "out"  # taken out: NOLB, drain, maint
    DOWN = "down"  # fails its checks
    UNKNOWN = "unknown"  # the balancer did not answer: it may still send requests


@dataclass(frozen=True, slots=True)
class View:
    """One balancer's view of one host; `slot` is the pool half in which it is up ("" where there is one pool)."""

    balancer: str
    standing: Standing
    slot: str = ""


@dataclass(frozen=True, slots=True)
class HostSeen:
    """A host as it was seen.

    `release` is what the running service is (None: not known), `healthy` what its own health page says.
    """

    host: str
    site: str
    release: str | None = None
    healthy: bool | None = None
    views: tuple[View, ...] = ()

    @property
    def in_service(self) -> bool:
        """Every balancer sends it requests: it counts for the floor."""
        for view in self.views:  # a plain loop: asked of every host at every look
            if view.standing is not Standing.UP:
                return False
        return bool(self.views)

    @property
    def idle(self) -> bool:
        """No balancer sends it requests, and each of them said so."""
        for view in self.views:  # noqa: SIM110 - a plain loop, see above
            if view.standing is Standing.UP or view.standing is Standing.UNKNOWN:
                return False
        return True

    @property
    def slot(self) -> str:
        return next((view.slot for view in self.views if view.standing is Standing.UP), "")


@dataclass(frozen=True, slots=True)
class Picture:
    """What is there now, per host and per scope (a site's releases, or "edge" for the sites).

    `slots` says per site which release is the live one of each slot: (("a", "1.0.0"), ("b", "1.1.0")).
    """

    hosts: Mapping[str, HostSeen]
    splits: Mapping[str, Split] = field(default_factory=dict)
    slots: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    def without(self, hosts: tuple[str, ...]) -> Picture:
        left = {name: seen for name, seen in self.hosts.items() if name not in hosts}
        return Picture(left, self.splits, self.slots)

    def at(self, site: str) -> tuple[HostSeen, ...]:
        return tuple(host for host in self.hosts.values() if host.site == site)

    def live(self, site: str) -> str:
        """The half of the pool that most users of the site are sent to; "" where there are no halves."""
        split = self.splits.get(site)
        most = max(split.shares, key=lambda one: one[1])[0] if split else None
        known = next((slot for slot, release in self.slots.get(site, ()) if release == most), "")
        up = [host.slot for host in self.at(site) if host.in_service]
        return known or max(sorted(set(up)), key=up.count, default="")

    @property
    def releases(self) -> frozenset[str]:
        """Every release that some host runs."""
        return frozenset(seen.release for seen in self.hosts.values() if seen.release)

    @property
    def sites(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(host.site for host in self.hosts.values()))


class Verdict(Enum):
    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Undo(Enum):
    """How far to go back after a failure."""

    STAGE = "stage"
    SITE = "site"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Capacity:
    """What hosts may be given against what users ask for, in requests/s: `load` of all users when it was planned,
    `carries` per host, headroom taken off.
    """

    load: float
    carries: Mapping[str, float]

    def lacks(self, site: str, share: int, hosts: Iterable[str]) -> str:
        """Why these hosts are too few for this share (hundredths of a percent) of all users; "" when they are not."""
        asked, carried = self.load * share / WHOLE, sum(self.carries.get(host, 0.0) for host in hosts)
        if asked <= carried:
            return ""
        return f"{share / 100:g} % of {self.load:.0f} requests/s are {asked:.0f}/s, {site} may be given {carried:.0f}/s"


@dataclass(frozen=True, slots=True)
class Ladder:
    """How a canary grows: shares of users in hundredths of a percent, seconds at each, and the room it gets.

    `headroom` is how much larger than its share the group is, in percent; `together` moves all sites at once;
    a dark canary stays at share 0 until somebody promotes it. `baseline`: as many hosts are restarted on the old
    release as the canary has, to be compared with it.
    """

    shares: tuple[int, ...]
    bake: float
    headroom: int = 0
    together: bool = True
    dark: bool = False
    baseline: bool = False


@dataclass(frozen=True, slots=True)
class Gating:
    """The metric gate is asked: at least `between` seconds after each wave and site, and `after` seconds in the end."""

    between: float
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Switch:
    """How users move from one colour to the other: watched for `bake` seconds at each site, after a person was asked.

    The old colour is not given away for `keep_warm` seconds.
    `colours` are two names with their hosts; () = whoever does not serve users stands by.
    """

    bake: float
    person: bool = False
    together: bool = False
    keep_warm: float = 0.0
    colours: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Intent:
    """What the operator wants: this release, by this strategy, at these sites in order, under these rules.

    `floor` is how many hosts stay in service per site, `budget` how many hosts may fail over the whole run,
    `wave` how many hosts go out together per site, `abreast` 1 for waves in turn, more for a sliding window.
    `excluded` are hosts that the plan is drawn without, as if they were not there; the floor counts them.
    `bad_release_after` hosts that fail the same way mean a bad release, whatever the budget allows (0: never).
    `checks` names what is checked at each point: "verify", "step", "finish".
    `capacity` is what sites can carry, where it is known; in an `emergency` a site may get more than that.
    """

    service: str
    release: Release
    strategy: str
    sites: tuple[str, ...]
    wave: Mapping[str, int]
    floor: Mapping[str, int]
    only: tuple[str, ...] = ()
    abreast: int = 1
    budget: int = 0
    undo: Undo = Undo.STAGE
    ask_between_waves: bool = False
    ask_between_sites: bool = False
    ladder: Ladder | None = None
    gating: Gating | None = None
    excluded: tuple[str, ...] = ()
    checks: Mapping[str, str] = field(default_factory=dict)
    switch: Switch | None = None
    bad_release_after: int = 0
    capacity: Capacity | None = None
    emergency: bool = False
