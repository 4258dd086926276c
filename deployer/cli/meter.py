"""What of a split is measured while a run goes on: requests since it was set, and users of the last minute"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from deployer.gates.bake import Counts
from deployer.model import Split
from deployer.report.traffic import measured

_Told = Mapping[tuple[str, str], Counts]


class Counters(Protocol):
    def counts(self, sites: Sequence[str]) -> _Told: ...
    def users(self, sites: Sequence[str]) -> Mapping[tuple[str, str], int]: ...


class Meter:
    """Asked again and again with the splits as they are to be; it remembers when each of them changed."""

    def __init__(self, traffic: Counters) -> None:
        self._traffic = traffic
        self._since: dict[str, tuple[Split, _Told]] = {}

    def lines(self, splits: Mapping[str, Split]) -> tuple[str, ...]:
        """One for each site whose users are split."""
        wanted = {site: split for site, split in splits.items() if sum(share > 0 for _, share in split.shares) > 1}
        return tuple(self._line(site, split) for site, split in wanted.items())

    def _line(self, site: str, split: Split) -> str:
        now = self._traffic.counts((site,))
        if site not in self._since or self._since[site][0] != split:
            self._since[site] = split, now
        before = self._since[site][1]
        requests = {key: count.since(before.get(key, Counts())).requests for key, count in now.items()}
        return measured(site, split, _of_releases(requests), _of_releases(self._traffic.users((site,))))


def _of_releases(told: Mapping[tuple[str, str], int]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for (_, release), number in told.items():
        found[release] += number
    return found
