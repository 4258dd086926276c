"""From a split to the maps that make it true"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deployer.errors import StepFailed
from deployer.model import WHOLE, Split
from deployer.traffic.maps import Entries, Maps

NOTHING = Maps(0, "", "", (), ())
KEPT_ASSETS = 16


def wanted(split: Split, now: Maps, pool: str, lives: Mapping[str, str], up: frozenset[str]) -> Maps:
    """The maps for a split, given the maps now.

    `lives` says in which slot (a, b) hosts carry a release, `up` which slots have hosts that serve. The stable release
    stays the stable one as long as the split names it, else the first named one becomes it. A release that no host
    carries yet is expected in the slot of the other one's side.

    Raises:
        StepFailed: three releases with a share, or two in one slot: HAProxy has two slots.
    """
    names = [name for name, _ in split.shares]
    stable = now.stable if now.stable in names else _most(split)
    others = sorted((name for name in names if name != stable), key=lambda name: -split.of(name))
    if [name for name in others[1:] if split.of(name)]:
        raise StepFailed(f"{split}: users can be on two releases at once, not on more")
    canary = others[0] if others else ""
    if canary and split.of(canary) == WHOLE and not split.of(stable) and now.stable not in names:
        stable, canary = canary, stable
    slots = _slots(stable, others, now, pool, lives)
    if canary and split.of(canary) and slots[canary] == slots[stable]:
        raise StepFailed(
            f"{stable} and {canary} are both in slot {slots[stable]}: users cannot be split between them",
            remedy="readmit the hosts of one of them in the other slot",
        )
    releases = tuple((name, f"{pool}_{slots[name]}") for name in names)
    pct = split.of(canary) if canary else 0
    return Maps(pct, stable, canary, releases, _assets(releases, now, pool, up), pct)


def before(now: Maps, then: Maps) -> Maps:
    """What must be true everywhere first: every release is known, and nobody is sent elsewhere yet."""
    known = replace(now, releases=_with(then.releases, now.releases), assets=_with(then.assets, now.assets))
    return foretold(known, then)


def foretold(now: Maps, then: Maps) -> Maps:
    """Who a raise brings over elsewhere a moment earlier is not sent back here."""
    if now.keep is None or now.canary != then.canary:
        return now
    return replace(now, keep=max(now.keep, then.pct))


def between(now: Maps, then: Maps) -> Maps:
    """The split as wanted, while what goes is still known: nobody falls between two maps."""
    return replace(then, releases=_with(then.releases, now.releases), assets=_with(then.assets, now.assets))


def _most(split: Split) -> str:
    return max(split.shares, key=lambda one: one[1])[0]


def _slots(stable: str, others: list[str], now: Maps, pool: str, lives: Mapping[str, str]) -> dict[str, str]:
    known = {name: backend.removeprefix(f"{pool}_") for name, backend in (*now.assets, *now.releases)}
    found: dict[str, str] = {stable: lives.get(stable) or known.get(stable) or "a"}
    for name in others:
        found[name] = lives.get(name) or ("b" if found[stable] == "a" else "a")
    return found


def _assets(releases: Entries, now: Maps, pool: str, up: frozenset[str]) -> Entries:
    """Releases that are gone keep their assets while their slot has hosts."""
    gone = [
        (name, backend)
        for name, backend in now.assets
        if name not in dict(releases) and backend.removeprefix(f"{pool}_") in up
    ]
    return (*releases, *gone[:KEPT_ASSETS])


def _with(first: Entries, more: Entries) -> Entries:
    return (*first, *(one for one in more if one[0] not in dict(first)))
