"""Shares as addresses and weights, over many pools"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from deployer.dns import shares
from deployer.model import WHOLE, Split

SPLITS = some.integers(0, WHOLE).map(lambda share: Split((("dc1", share), ("dc2", WHOLE - share))))
POOLS = some.tuples(some.integers(1, 12), some.integers(1, 12)).map(
    lambda numbers: {f"dc{n}": tuple(f"192.0.{n}.{one}" for one in range(size)) for n, size in enumerate(numbers, 1)}
)


@given(SPLITS, POOLS)
def test_a_site_at_0_has_no_address_and_somebody_always_has(split: Split, pools: dict[str, tuple[str, ...]]) -> None:
    found = shares.addresses(split, pools)
    assert found
    assert not shares.strangers(found, pools)
    for site, pool in pools.items():
        if split.of(site) == 0:
            assert not set(pool) & set(found)
        if split.of(site) == WHOLE:
            assert set(found) == set(pool)


@given(SPLITS, POOLS)
def test_no_other_number_of_addresses_is_nearer(split: Split, pools: dict[str, tuple[str, ...]]) -> None:
    def far(one: int, two: int) -> float:
        return abs(one / (one + two) - split.of("dc1") / WHOLE)

    found = shares.addresses(split, pools)
    numbers = [len(set(pool) & set(found)) for pool in pools.values()]
    sizes = [range(len(pool) + 1) for pool in pools.values()]
    nearest = min(far(one, two) for one in sizes[0] for two in sizes[1] if one + two)
    assert far(*numbers) <= nearest + 1e-9


@given(SPLITS)
def test_weights_fit_and_a_share_above_0_stays_above_0(split: Split) -> None:
    found = shares.weights(split)
    assert all(0 <= weight <= 255 for weight in found.values())
    assert all((weight == 0) == (split.of(site) == 0) for site, weight in found.items())
    back = shares.of_weights(found)
    assert back
    assert all(abs(back.of(site) - split.of(site)) <= 40 for site in found)
