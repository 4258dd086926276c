"""The seven verbs

Each is idempotent, and returns when it is true, not when it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from deployer.model import Release, Split


@dataclass(frozen=True, slots=True)
class Fetch:
    """The release's bytes lie unpacked beside the running one on these hosts, digest checked."""

    hosts: tuple[str, ...]
    release: Release


@dataclass(frozen=True, slots=True)
class Drain:
    """Health file away, every balancer of the site shows the hosts out, nothing is in flight."""

    site: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deploy:
    """`current` points to the release and the running process is newer than the step."""

    site: str
    hosts: tuple[str, ...]
    release: Release


@dataclass(frozen=True, slots=True)
class Verify:
    """Asked past the balancer: healthy for some seconds in a row, and answers with this release."""

    site: str
    hosts: tuple[str, ...]
    release: Release


@dataclass(frozen=True, slots=True)
class Readmit:
    """Health file back, every balancer shows the hosts up, and requests really arrive.

    `release` names what they serve; `slot` the half of the pool ("" = the live one).
    """

    site: str
    hosts: tuple[str, ...]
    release: Release
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Shift:
    """Every balancer of the scope (a site, or "edge") reports this split, read back over a fresh connection.

    A retreat takes users back to where they were: it needs a group in service there, not a full-size one.
    """

    scope: str
    split: Split
    retreat: bool = False


@dataclass(frozen=True, slots=True)
class Versus:
    """Who is compared at a site: `new` hosts on the release that is judged, `old` ones on the former release.

    `old` is empty when nobody is sent there any more. `restarted`: the old ones were, together with the new ones.
    """

    site: str
    new: tuple[str, ...]
    old: tuple[str, ...] = ()
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """A verdict on whether to go on; `about` is what the operator reads, `sites` where it looks.

    `release` is what is judged ("" = nothing in particular) against `former`, for at least `bake` seconds, on `hosts`
    where it is about some.
    """

    gate: str
    sites: tuple[str, ...]
    about: str = ""
    release: str = ""
    bake: float = 0.0
    former: str = ""
    versus: tuple[Versus, ...] = ()
    hosts: tuple[str, ...] = ()


Step = Fetch | Drain | Deploy | Verify | Readmit | Shift | Ask


def hosts_of(step: Step) -> tuple[str, ...]:
    return () if isinstance(step, Shift | Ask) else step.hosts


def verb(step: Step) -> str:
    return type(step).__name__.lower()
