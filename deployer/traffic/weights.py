"""Shares as weights of servers, as near as 0..256 allows"""

from __future__ import annotations

from collections.abc import Mapping

HIGHEST = 256
PERCENT = 100
"""Hundredths of a percent in a percent."""


def weights(shares: Mapping[str, int], servers: Mapping[str, int]) -> dict[str, int]:
    """The weight of each server of a site, from the sites' shares (hundredths of a percent) and their numbers of
    servers. A share above 0 never becomes 0, and 0 is 0.
    """
    each = {site: share / max(1, servers[site]) for site, share in shares.items()}
    if all(share % (PERCENT * max(1, servers[site])) == 0 for site, share in shares.items()):
        return {site: round(share / PERCENT) for site, share in each.items()}
    most = max(each.values())
    choices = ({site: _scaled(share, most, top) for site, share in each.items()} for top in range(HIGHEST, 0, -1))
    return min(choices, key=lambda choice: _error(choice, shares, servers))


def _scaled(share: float, most: float, top: int) -> int:
    return max(1, round(share * top / most)) if share else 0


def _error(choice: Mapping[str, int], shares: Mapping[str, int], servers: Mapping[str, int]) -> float:
    whole = sum(weight * servers[site] for site, weight in choice.items())
    asked = sum(shares.values())
    return sum(abs(choice[site] * servers[site] / whole - share / asked) for site, share in shares.items())
