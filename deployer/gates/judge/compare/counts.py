"""Bad of all requests: an exact test, never a rank test over rates per minute"""

from __future__ import annotations

from collections.abc import Sequence

from deployer.gates.judge.combine import counts as combine
from deployer.gates.judge.config import Measure
from deployer.gates.judge.data import Counts
from deployer.gates.judge.found import Found, growth
from deployer.gates.judge.measure import Bar
from deployer.gates.judge.validate import Pair


def compare(pairs: Sequence[Pair], bar: Bar, z: float, *, repeated: bool) -> Found:
    rows = [
        (pair.canary.bad, pair.canary.total, pair.baseline.bad, pair.baseline.total)
        for pair in pairs
        if isinstance(pair.canary, Counts) and isinstance(pair.baseline, Counts)
    ]
    return of_tables(rows, bar, z, repeated=repeated)


def of_tables(rows: list[tuple[int, int, int, int]], bar: Bar, z: float, *, repeated: bool) -> Found:
    """Rows of (bad, all) of the canary and (bad, all) of the baseline, one per site."""
    tables = combine.Tables.of(rows)
    by_ratio = bar.measure is Measure.RATIO
    effect, low, high = (combine.ratio if by_ratio else combine.difference)(tables, z)
    bad, n, base_bad, base_n = (sum(column) for column in zip(*rows, strict=True))
    return Found(
        values=(bad / n, base_bad / base_n),
        effect=effect,
        interval=(low, high),
        p=combine.chance(tables, repeated=repeated),
        n=(n, base_n),
        n_effective=(float(n), float(base_n)),
        excluded=high <= bar.allowed,
        more=growth(effect, high, bar.allowed),
    )
