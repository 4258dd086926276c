"""Lines of every kind are understood, files are followed through rotation"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from deployer.gates.haproxy.far import EDGES, Followed, Tally, parsed


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"1732756123.456 shop_a web1 200 12 15 -- 0 1.0.0", (b"shop_a", b"web1", 200, 12)),
        (b"1732756123.456 shop_b web2 504 -1 60001 sH 0 1.1.0", (b"shop_b", b"web2", 504, 60001)),
        (
            b"Nov 28 01:00 lb1 [12]: 1732756123.456 shop_a web1 200 12 +15 -- +1 -",
            (b"shop_a", b"web1", 200, 12),
        ),
        (
            b"::1:5123 [28/Nov/2026:01:00:00] shop shop_a/web1 0/0/1/23/24 200 1234 - - ---- 1/1/0/0/0 0/0",
            (b"shop_a", b"web1", 200, 23),
        ),
        (
            b"::1:5123 [28/Nov/2026:01:00:00] shop shop_a/<NOSRV> -1/-1/-1/-1/+7 503 222 - - SC-- 1/1/0/0/0 0/0",
            (b"shop_a", b"<NOSRV>", 503, 7),
        ),
        (b"shop_a 200 0.012 127.1.1.21:8080\n", (b"shop_a", b"127.1.1.21:8080", 200, 12)),
        (b"shop_a 200 2.001 127.1.1.21:8080, 127.1.1.22:8080", (b"shop_a", b"127.1.1.22:8080", 200, 2001)),
        (b"Server shop_a/web1 is DOWN, reason: Layer4 connection problem", None),
        (b"shop_a 200", None),
        (b"", None),
        (b"\xff\xfe\x00", None),
    ],
)
def test_lines(line: bytes, told: object) -> None:
    assert parsed(line) == told


def test_failed_requests_are_no_quick_ones() -> None:
    tally = Tally()
    for line in (b"1.123 a w 500 1 1 -- 0", b"1.123 a w 200 -1 7 CD 0", b"1.123 a w 200 70000 70000 -- 0", b"odd"):
        tally.add(line)
    row = tally.rows[b"a", b"w"]
    assert row[:2] == [3, 1]
    assert row[2:][EDGES.index(7)] == 1
    assert row[-1] == 1
    assert (tally.lines, tally.odd) == (4, 1)


def test_edges_are_fine_enough() -> None:
    assert all(low < high <= max(low + 1, low * 1.16) for low, high in itertools.pairwise(EDGES))


def test_a_file_that_is_turned_away_emptied_and_written_in_halves(tmp_path: Path) -> None:
    path, seen = tmp_path / "log", list[bytes]()
    path.write_bytes(b"before\n")
    log = Followed(str(path))
    with path.open("ab") as file:
        file.write(b"one\ntw")
    log.read(seen.append)
    with path.open("ab") as file:
        file.write(b"o\nlast\n")
    path.rename(tmp_path / "log.1")
    path.write_bytes(b"new\n")
    log.read(seen.append)
    log.read(seen.append)
    path.write_bytes(b"")
    log.read(seen.append)
    path.write_bytes(b"x\n")
    log.read(seen.append)
    assert seen == [b"one", b"two", b"last", b"new", b"x"]
