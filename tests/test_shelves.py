"""What lies on the hosts: what is missing where, who may be left out, and how it reads"""

from __future__ import annotations

import pytest

from deployer.errors import Refused
from deployer.lineage import Lineage
from deployer.report.disks import disks_json, disks_text
from deployer.shelves import Shelf, digests, lacking, silent
from tests.runs import pool

ONE, OTHER = "aa" * 32, "bb" * 32
SHELVES = (
    Shelf("dc1-web1", "dc1", "1.1", (("1.0", ONE), ("1.1", OTHER))),
    Shelf("dc1-web2", "dc1", "1.1", (("1.0", OTHER), ("1.1", OTHER))),
    Shelf("dc2-web1", "dc2", "1.1", (("1.0", ONE), ("1.1", OTHER))),
    Shelf("dc2-web2", "dc2", complaint="no route to host"),
)
LINE = Lineage(("1.0", "1.1"), frozenset({"1.1"}))


def test_a_host_with_other_bytes_lacks_the_release_and_a_silent_one_is_not_counted() -> None:
    assert lacking(SHELVES, "1.0", ONE) == ("dc1-web2",)
    assert lacking(SHELVES, "0.9", ONE) == ("dc1-web1", "dc1-web2", "dc2-web1")
    assert digests(SHELVES, "1.0") == (ONE, OTHER), "the most frequent first"
    assert digests(SHELVES, "0.9") == ()


def test_a_silent_host_is_left_out_only_when_it_serves_nobody() -> None:
    memory = pool(2)
    with pytest.raises(Refused, match="may serve users and cannot be reached: no route to host") as refused:
        silent(SHELVES, memory.world().eyes.look())
    assert refused.value.remedy == "--exclude dc2-web2 --reason TEXT leaves it as it is"
    assert silent(SHELVES, memory.world().eyes.look(), ("dc2-web2",)) == ()
    memory.hosts["dc2-web2"].file = False
    assert silent(SHELVES, memory.world().eyes.look()) == ("dc2-web2",)
    memory.silent.add("dc2/lb1")
    with pytest.raises(Refused, match="may serve users"):
        silent(SHELVES, memory.world().eyes.look())


def test_it_reads_newest_first_with_hosts_where_they_differ() -> None:
    assert disks_text(SHELVES, pool(2).world().eyes.look(), LINE).splitlines() == [
        "on disk at dc1",
        "  1.1        sha256 bbbbbbbbbbbb  2 of 2 hosts, irreversible",
        "  1.0        sha256 aaaaaaaaaaaa  1 of 2 hosts: dc1-web1, runs on 1",
        "  1.0        sha256 bbbbbbbbbbbb  1 of 2 hosts: dc1-web2, runs on 1",
        "on disk at dc2",
        "  1.1        sha256 bbbbbbbbbbbb  1 of 2 hosts: dc2-web1, irreversible",
        "  1.0        sha256 aaaaaaaaaaaa  1 of 2 hosts: dc2-web1, runs on 1",
        "  dc2-web2 does not answer: no route to host",
    ]
    said = disks_json(SHELVES, LINE)
    assert (said["before"], said["irreversible"]) == ("1.0", ["1.1"])
