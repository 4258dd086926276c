"""What the last runs left behind, as the journal says: shares of each tier, hosts, and what they carry"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from deployer.events import Done, Record
from deployer.model import WHOLE, Capacity, Split
from deployer.report.account import HostAccount, account
from deployer.settings.capacity import CapacityValues

RUNS = 30
"""So many runs back something may lie."""


@dataclass(frozen=True, slots=True)
class Share:
    """The split of a scope (a site, or "edge"), which run set or saw it, and when (UTC epoch seconds)."""

    scope: str
    split: Split
    run: str
    at: float


@dataclass(frozen=True, slots=True)
class Remembered:
    """`load`: requests/s of all users when a plan was last held against capacity, by `load_run`."""

    shares: Mapping[str, Share]
    hosts: Mapping[str, HostAccount]
    carries: Mapping[str, float]
    load: float | None = None
    load_run: str = ""


@dataclass(slots=True)
class _Notes:
    shares: dict[str, Share] = field(default_factory=dict)
    hosts: dict[str, HostAccount] = field(default_factory=dict)
    carries: dict[str, float] = field(default_factory=dict)
    known: tuple[Capacity, str] | None = None


def remembered(runs: Iterable[Sequence[Record]]) -> Remembered:
    """From runs, the oldest first."""
    notes = _Notes()
    for records in runs:
        _note(notes, records)
    load = (notes.known[0].load, notes.known[1]) if notes.known else (None, "")
    return Remembered(notes.shares, notes.hosts, notes.carries, *load)


def _note(notes: _Notes, records: Sequence[Record]) -> None:
    read = account(records)
    for track in read.course.tracks:
        at, split = track.points[-1]
        notes.shares[track.scope] = Share(track.scope, split, read.run, at)
    notes.hosts.update((host.host, host) for host in read.hosts)
    for record in records:
        if isinstance(record.event, Done):
            notes.carries.update(record.event.outcome.carries)
    if read.intent.capacity:
        notes.known = read.intent.capacity, read.run


@dataclass(frozen=True, slots=True)
class SiteCapacity:
    """Requests/s: what the hosts in service may be given, headroom taken off, and what users ask for now."""

    site: str
    serving: int
    hosts: int
    carries: float
    asked: float | None
    alone: float | None
    """What is left to it when the largest other site is evacuated."""

    def part(self, asked: float | None) -> float | None:
        """Percent of what it may be given."""
        return None if asked is None or not self.carries else 100 * asked / self.carries


def capacities(known: Remembered, values: CapacityValues, sites: Sequence[str]) -> tuple[SiteCapacity, ...]:
    """None where nobody knows what a host carries."""
    allowed = values.allowed(known.hosts, known.carries)
    if not allowed:
        return ()
    edge = known.shares.get("edge")
    return tuple(_capacity(site, known, allowed, edge.split if edge else None) for site in sites)


def _capacity(site: str, known: Remembered, allowed: Mapping[str, float], edge: Split | None) -> SiteCapacity:
    mine = [host for host in known.hosts.values() if host.site == site]
    serving = [host.host for host in mine if host.in_service]
    carries = sum(allowed[host] for host in serving)
    asked = known.load * edge.of(site) / WHOLE if known.load is not None and edge else None
    others = [share for name, share in edge.shares if name != site] if edge else []
    rest = WHOLE - max(others, default=0)
    mine_then = edge.of(site) / rest if edge and rest else 1.0
    alone = known.load * mine_then if known.load is not None and edge else None
    return SiteCapacity(site, len(serving), len(mine), carries, asked, alone)
