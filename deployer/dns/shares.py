"""A split as addresses or weights, as near as they allow, and read from them again"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from deployer.model import WHOLE, Split

HEAVIEST = 255
"""The largest weight of a Route 53 record; the smallest is 0, which sends nobody."""
PERCENT = 100

Pools = Mapping[str, tuple[str, ...]]


def addresses(split: Split, pools: Pools) -> tuple[str, ...]:
    """Each site's first addresses, in a number nearest to its share; the most of them where several are as near.

    A site at 0 has none. Plain address records have no weights: with one address per site there is 100:0, 50:50, 0:100.
    """
    most = sum(len(pool) for pool in pools.values())
    choices = (_numbers(split, pools, whole) for whole in range(most, 0, -1))
    best = min((one for one in choices if any(one.values())), key=lambda one: _error(split, one))
    return tuple(address for site, number in best.items() for address in pools[site][:number])


def of_addresses(found: Collection[str], pools: Pools) -> Split | None:
    """The share of each site by its number of addresses; None when there is none of theirs."""
    return of_weights({site: sum(address in found for address in pool) for site, pool in pools.items()})


def weights(split: Split) -> dict[str, int]:
    """Weights of 0..255; a share above 0 never becomes 0."""
    if all(share % PERCENT == 0 for _, share in split.shares):
        return {site: share // PERCENT for site, share in split.shares}
    most = max(share for _, share in split.shares)
    return {site: max(1, round(share * HEAVIEST / most)) if share else 0 for site, share in split.shares}


def of_weights(found: Mapping[str, int]) -> Split | None:
    whole = sum(found.values())
    if not whole:
        return None
    shares = {site: number * WHOLE // whole for site, number in found.items()}
    most = max(shares, key=lambda site: shares[site])
    shares[most] += WHOLE - sum(shares.values())
    return Split(tuple(shares.items()))


def strangers(found: Iterable[str], pools: Pools) -> tuple[str, ...]:
    """Addresses that belong to no site."""
    known = {address for pool in pools.values() for address in pool}
    return tuple(one for one in found if one not in known)


def _numbers(split: Split, pools: Pools, whole: int) -> dict[str, int]:
    return {site: min(len(pool), round(split.of(site) * whole / WHOLE)) for site, pool in pools.items()}


def _error(split: Split, numbers: Mapping[str, int]) -> float:
    whole = sum(numbers.values())
    return sum(abs(number / whole - split.of(site) / WHOLE) for site, number in numbers.items())
