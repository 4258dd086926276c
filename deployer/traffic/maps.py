"""The four maps that hold a site's split, as text and as values

pct.map: share of the canary, and the bucket below which those stay who are on it. slot.map: role -> release.
rel.map: releases a user may be on -> backend. asset.map: releases whose assets are served -> backend; outlives rel.map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from deployer.model import WHOLE, Split

NAMES = ("pct.map", "slot.map", "rel.map", "asset.map")
Entries = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Maps:
    """What the maps of one balancer say; backends are whole names (`shop_a`)."""

    pct: int
    stable: str
    canary: str
    releases: Entries
    assets: Entries
    keep: int | None = None
    """Users below this bucket who are on the canary stay there; None where a balancer holds no such thing."""

    @property
    def split(self) -> Split | None:
        """None while no release is named, or one has no slot. Releases that are only known have share 0."""
        if not self.stable or not {self.stable, self.canary or self.stable} <= dict(self.releases).keys():
            return None
        shares = {release: 0 for release, _ in self.releases}
        if self.canary and self.canary != self.stable:
            shares |= {self.stable: WHOLE - self.pct, self.canary: self.pct}
        else:
            shares[self.stable] = WHOLE
        first = (self.stable, self.canary)
        return Split(
            tuple(sorted(shares.items(), key=lambda one: (one[0] not in first, one[0] != self.stable, one[0])))
        )

    def slots(self, pool: str) -> tuple[tuple[str, str], ...]:
        """The release of each slot, ("a", "1.0.0"); of several in one slot, the one that has a share."""
        found: dict[str, str] = {}
        for release, backend in self.releases:
            slot = backend.removeprefix(f"{pool}_")
            if slot not in found or release in (self.stable, self.canary):
                found[slot] = release
        return tuple(sorted(found.items()))

    def same(self, other: Maps) -> bool:
        """In whatever order the entries stand; `keep` where both hold it."""
        alike = self if other.keep is not None else replace(self, keep=None)
        texts = (other if self.keep is not None else replace(other, keep=None)).texts()
        return all(dict(entries) == dict(texts[name]) for name, entries in alike.texts().items())

    def texts(self) -> Mapping[str, Entries]:
        """The entries of each file."""
        roles = (("stable", self.stable), ("canary", self.canary))
        return {
            "pct.map": (("pct", str(self.pct)), *((("keep", str(self.keep)),) if (self.keep or 0) > self.pct else ())),
            "slot.map": tuple((role, release) for role, release in roles if release),
            "rel.map": self.releases,
            "asset.map": self.assets,
        }


def of_entries(entries: Mapping[str, Entries]) -> Maps:
    """From the entries of the files; what is missing or not a number reads as nothing."""
    shares, roles = dict(entries.get("pct.map", ())), dict(entries.get("slot.map", ()))
    pct, keep = (_share(shares.get(name, "0")) for name in ("pct", "keep"))
    return Maps(
        pct,
        roles.get("stable", ""),
        roles.get("canary", ""),
        tuple(entries.get("rel.map", ())),
        tuple(entries.get("asset.map", ())),
        max(pct, keep),
    )


def _share(text: str) -> int:
    return min(int(text), WHOLE) if text.isdigit() else 0


def answers(said: str) -> tuple[tuple[str, ...], ...]:
    """The answers to several commands on one line, each ended by an empty line; what broke off is none."""
    found: list[tuple[str, ...]] = []
    lines: list[str] = []
    for line in said.split("\n")[:-1]:
        if line:
            lines.append(line)
        else:
            found.append(tuple(lines))
            lines = []
    return tuple(found)


def entries(answer: tuple[str, ...]) -> Entries | None:
    """The entries in one answer to `show map`, None when there is no such map."""
    found = []
    for line in answer:
        words = line.split(maxsplit=2)
        if not words[0].startswith("0x"):
            return None
        found.append((words[1], words[2] if len(words) > 2 else ""))  # noqa: PLR2004
    return tuple(found)
