"""A wave is at least one host, a floor is rounded up"""

from __future__ import annotations

import pytest

from deployer.errors import UsageError
from deployer.settings.howmany import floor, how_many, percent, wave


@pytest.mark.parametrize(
    ("setting", "hosts", "out_together", "stay"),
    [
        ("25%", 8, 2, 2),
        ("25%", 7, 1, 2),
        ("25%", 3, 1, 1),
        ("75%", 3, 2, 3),
        ("33.33%", 3, 1, 1),
        ("66.67%", 3, 2, 3),
        ("100%", 5, 5, 5),
        ("0%", 5, 1, 0),
        (3, 8, 3, 3),
        (9, 8, 8, 8),
        ("3", 8, 3, 3),
        (0, 8, 1, 0),
        ("50%", 0, 0, 0),
    ],
)
def test_how_many(setting: str | int, hosts: int, out_together: int, stay: int) -> None:
    assert (wave(setting, hosts), floor(setting, hosts)) == (out_together, stay)


@pytest.mark.parametrize("setting", ["101%", "-5%", "a quarter", "25 percent", "", -1, True])
def test_neither_a_number_nor_a_part(setting: str | int) -> None:
    with pytest.raises(UsageError, match="write 3 or 25%"):
        how_many(setting, of=8, rounding="up")


def test_percent_counts_in_hundredths() -> None:
    assert (percent("12.5%"), percent("0.01 %"), percent("100.01%"), percent("x")) == (1250, 1, None, None)
