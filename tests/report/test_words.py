"""Hosts, durations and foreign text"""

from __future__ import annotations

import pytest

from deployer.report import words


@pytest.mark.parametrize(
    ("names", "folded"),
    [
        ((), "nobody"),
        (("db",), "db"),
        (("web1",), "web1"),
        (("web1", "web2", "web3"), "web[1-3]"),
        (("web10", "web9", "web1"), "web[1,9-10]"),
        (("web01", "web02"), "web[01-02]"),
        (("dc1-web1", "dc2-web1", "dc1-web2"), "dc1-web[1-2], dc2-web1"),
        (("web1.example.com", "web2.example.com"), "web[1-2].example.com"),
        (("web1", "web1"), "web1"),
        (("10.0.0.1", "10.0.0.2"), "10.0.0.[1-2]"),
    ],
)
def test_neighbours_are_folded(names: tuple[str, ...], folded: str) -> None:
    assert words.hosts(names) == folded


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0.0 s"), (-1, "0.0 s"), (0.44, "0.4 s"), (99.9, "99.9 s"), (100, "1 min 40 s"), (7620, "2 h 07 min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("plain ü 日本", "plain ü 日本"),
        ("\x1b]0;pwned\x07", "\\x1b]0;pwned\\x07"),
        ("a\u202eb", "a\\u202eb"),
        ("two\nlines", "two\nlines"),
        ("tab\tbed", "tab bed"),
        ("\x9b31m", "\\x9b31m"),
    ],
)
def test_control_characters_are_shown_not_obeyed(foreign: str, shown: str) -> None:
    assert words.safe(foreign) == shown
