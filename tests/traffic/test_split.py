"""Shift on a pair of HAProxies: raised together or not at all"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.errors import Overtaken, StepFailed, Unreachable
from deployer.model import Release, Split
from deployer.steps import Readmit, Shift
from deployer.traffic.maps import NAMES
from deployer.world import Past
from tests.ssh.parts import until
from tests.traffic.parts import Ordered, Site, at_home, load, site

OLD = Split((("1.0.0", 10_000),))
DARK = Split((("1.0.0", 10_000), ("2.0.0", 0)))
HALF = Split((("1.0.0", 5_000), ("2.0.0", 5_000)))
ALL = Split((("1.0.0", 0), ("2.0.0", 10_000)))
DONE = Split((("2.0.0", 10_000),))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("split"), "127.9.25") as found:
        yield found


@pytest.fixture
def dc1(whole: Site, ordered: Ordered) -> Site:
    """web1 carries 2.0.0 in slot b, everybody is on 1.0.0."""
    at_home(whole)
    for fence in whole.folder.rglob(".deployer-*"):
        fence.unlink()
    whole.traffic.shift(Shift("dc1", OLD), ordered.order)
    whole.health("web1").write_text("OK slot=B release=2.0.0\n")
    for part in whole.balancers.values():
        until(lambda p=part: p.status("web1") == {"shop_a": "DOWN", "shop_b": "UP"}, "web1 is in slot b")
    whole.traffic.shift(Shift("dc1", DARK), ordered.order)
    return whole


def to(dc1: Site, split: Split, ordered: Ordered, **settings: object) -> None:
    dc1.with_settings(**settings).shift(Shift("dc1", split), ordered.order)


def file(dc1: Site, balancer: str, name: str) -> dict[str, str]:
    text = (dc1.balancers[balancer].folder / "maps" / name).read_text()
    return {line.split()[0]: line.split()[1] for line in text.splitlines()}


def at_run_time(dc1: Site, balancer: str, name: str) -> dict[str, str]:
    part = dc1.balancers[balancer]
    lines = part.ask(f"show map {part.folder}/maps/{name}").splitlines()
    return {words[1]: words[2] for line in lines if len(words := line.split()) == 3}


def who_serves(dc1: Site, balancer: str = "lb1") -> Counter[str]:
    return Counter(dc1.get("/", balancer)[1] for _ in range(60))


def test_a_whole_ladder_loses_nothing(dc1: Site, ordered: Ordered) -> None:
    with load(dc1) as seen:
        for split in (Split((("1.0.0", 9_999), ("2.0.0", 1))), HALF, ALL, DONE):
            to(dc1, split, ordered)
            found = dc1.traffic.look(["dc1"])
            assert found.splits["dc1"] == split
            assert found.complaints == ()
        assert set(who_serves(dc1)) == set(who_serves(dc1, "lb2")) == {"web1"}
    assert seen.failed == []
    assert file(dc1, "lb1", "slot.map") == at_run_time(dc1, "lb1", "slot.map") == {"stable": "2.0.0"}
    assert file(dc1, "lb1", "rel.map") == {"2.0.0": "shop_b"}
    assert file(dc1, "lb1", "asset.map") == {"2.0.0": "shop_b", "1.0.0": "shop_a"}
    assert dc1.traffic.look(["dc1"]).slots["dc1"] == (("b", "2.0.0"),)


def test_a_host_returns_to_the_half_that_most_users_get(dc1: Site, ordered: Ordered) -> None:
    """After a switch the stable release is still the old one, and nobody is sent there."""
    to(dc1, ALL, ordered)
    dc1.traffic.readmit(Readmit("dc1", ("web2",), Release("2.0.0")), ordered.order)
    assert dc1.health("web2").read_text().startswith("OK slot=B")


def test_an_abort_is_one_act_and_leaves_assets(dc1: Site, ordered: Ordered) -> None:
    to(dc1, HALF, ordered)
    assert len(who_serves(dc1)) == 3
    to(dc1, OLD, ordered)
    assert set(who_serves(dc1)) == {"web2", "web3"}
    for balancer in dc1.balancers:
        assert at_run_time(dc1, balancer, "slot.map") == file(dc1, balancer, "slot.map") == {"stable": "1.0.0"}
        assert at_run_time(dc1, balancer, "rel.map") == file(dc1, balancer, "rel.map") == {"1.0.0": "shop_a"}
        assert at_run_time(dc1, balancer, "asset.map") == {"1.0.0": "shop_a", "2.0.0": "shop_b"}
        assert at_run_time(dc1, balancer, "pct.map") == {"pct": "0"}
    assert dc1.get("/assets/2.0.0/app.js")[1] == "web1"


def test_nobody_is_sent_to_an_empty_slot(dc1: Site, ordered: Ordered) -> None:
    dc1.health("web1").unlink()
    for part in dc1.balancers.values():
        until(lambda p=part: p.status("web1")["shop_b"] != "UP", "web1 is out")
    with pytest.raises(StepFailed, match=r"lb\d: no host serves 3.0.0 in shop_b"):
        to(dc1, Split((("1.0.0", 5_000), ("3.0.0", 5_000))), ordered)
    assert dc1.traffic.look(["dc1"]).splits["dc1"] == DARK


def read_only(path: Path, *, on: bool) -> None:
    """A disk that refuses, also to root: the name of the new file is taken by a folder."""
    blocked = path / "pct.map.new"
    if on:
        blocked.mkdir()
    else:
        blocked.rmdir()


def test_a_raise_that_one_balancer_refuses_is_taken_back(dc1: Site, ordered: Ordered) -> None:
    maps = dc1.balancers["lb2"].folder / "maps"
    read_only(maps, on=True)
    try:
        with pytest.raises(StepFailed, match=r"lb2: .*taken back"):
            to(dc1, HALF, ordered)
    finally:
        read_only(maps, on=False)
    for balancer in dc1.balancers:
        assert at_run_time(dc1, balancer, "pct.map") == file(dc1, balancer, "pct.map") == {"pct": "0"}
    assert set(who_serves(dc1)) == {"web2", "web3"}


def test_a_raise_with_a_silent_balancer_is_not_begun(dc1: Site, ordered: Ordered) -> None:
    dc1.balancers["lb2"].stop()
    with pytest.raises(Unreachable, match="lb2: "):
        to(dc1, HALF, ordered)
    assert at_run_time(dc1, "lb1", "pct.map") == {"pct": "0"}


def test_a_lowering_goes_on_and_reports(dc1: Site, ordered: Ordered) -> None:
    to(dc1, HALF, ordered)
    dc1.balancers["lb2"].stop()
    with pytest.raises(Unreachable, match=r"lowered to 1.0.0 100 % on lb1, not on lb2: "):
        to(dc1, OLD, ordered, agree_within=0.5)
    assert set(who_serves(dc1)) == {"web2", "web3"}
    dc1.balancers["lb2"].start()
    assert any("disagree on the split" in line for line in dc1.traffic.look(["dc1"]).complaints)
    to(dc1, OLD, ordered)
    until(lambda: dc1.traffic.look(["dc1"]).complaints == (), "lb2 has checked its servers, and agrees")


def test_a_balancer_that_comes_back_is_lowered_too(dc1: Site, ordered: Ordered) -> None:
    to(dc1, HALF, ordered)
    dc1.balancers["lb2"].stop()
    timer = threading.Timer(1, dc1.balancers["lb2"].start)
    timer.start()
    to(dc1, OLD, ordered, agree_within=30)
    timer.join()
    assert at_run_time(dc1, "lb2", "pct.map") == {"pct": "0"}


def test_a_reload_by_others_keeps_the_split(dc1: Site, ordered: Ordered) -> None:
    to(dc1, HALF, ordered)
    for part in dc1.balancers.values():
        part.reload()
    assert dc1.traffic.look(["dc1"]).splits["dc1"] == HALF
    assert len(who_serves(dc1)) == 3


def test_what_somebody_changed_by_hand_is_seen_and_put_right(dc1: Site, ordered: Ordered) -> None:
    to(dc1, HALF, ordered)
    part = dc1.balancers["lb2"]
    part.ask(f"set map {part.folder}/maps/pct.map pct 77")
    assert any("disagree on the split" in line for line in dc1.traffic.look(["dc1"]).complaints)
    to(dc1, HALF, ordered)
    assert at_run_time(dc1, "lb2", "pct.map") == {"pct": "5000"}


def mended(dc1: Site, ordered: Ordered, *splits: Split) -> tuple[str, ...]:
    """By a process that has set nothing itself: what the journal says, look after look."""
    says = iter(splits)
    order = replace(ordered.order, past=lambda: Past(splits={"dc1": next(says)}))
    return dc1.traffic.mend(["dc1"], order)


def test_what_was_set_before_a_resume_is_mended_after_it(dc1: Site, ordered: Ordered) -> None:
    to(dc1, HALF, ordered)
    assert mended(dc1, ordered, HALF) == ()
    part = dc1.balancers["lb2"]
    part.ask(f"set map {part.folder}/maps/pct.map pct 77")
    (said,) = mended(dc1, ordered, HALF, HALF)
    assert "lb2: changed by somebody else" in said
    assert at_run_time(dc1, "lb2", "pct.map") == {"pct": "5000"}


@pytest.mark.parametrize("name", ["slot.map", "rel.map", "pct.map"])
def test_a_map_emptied_by_hand_is_mended_and_the_other_balancer_is_left_alone(
    dc1: Site, ordered: Ordered, name: str
) -> None:
    to(dc1, HALF, ordered)
    part, other = dc1.balancers["lb1"], dc1.balancers["lb2"]
    before = {one: other.ask(f"show map {other.folder}/maps/{one}") for one in NAMES}
    part.ask(f"clear map {part.folder}/maps/{name}")
    (said,) = mended(dc1, ordered, HALF, HALF)
    assert "lb1: changed by somebody else" in said
    assert at_run_time(dc1, "lb1", name) == file(dc1, "lb1", name) == file(dc1, "lb2", name)
    assert {one: other.ask(f"show map {other.folder}/maps/{one}") for one in NAMES} == before, "not one entry written"


def test_a_balancer_that_comes_back_with_the_share_on_its_disk_is_mended(dc1: Site, ordered: Ordered) -> None:
    part = dc1.balancers["lb2"]
    part.stop()
    (part.folder / "maps" / "pct.map").write_text("pct 9000\n")
    assert mended(dc1, ordered, DARK) == (), "it is left for later"
    part.start()
    assert at_run_time(dc1, "lb2", "pct.map") == {"pct": "9000"}
    (said,) = mended(dc1, ordered, DARK, DARK)
    assert "come back late" in said
    assert at_run_time(dc1, "lb2", "pct.map") == file(dc1, "lb2", "pct.map") == {"pct": "0"}


def test_a_run_that_went_on_meanwhile_is_not_mended_back(dc1: Site, ordered: Ordered) -> None:
    to(dc1, HALF, ordered)
    assert mended(dc1, ordered, DARK, HALF) == (), "when it is its turn, the journal says another split"
    assert at_run_time(dc1, "lb1", "pct.map") == {"pct": "5000"}


def test_an_old_worker_follows(dc1: Site, ordered: Ordered) -> None:
    """A keep-alive client stays with it after a reload."""
    with dc1.held("web2"):
        dc1.balancers["lb1"].reload()
        to(dc1, HALF, ordered)
        assert dc1.traffic.look(["dc1"]).splits["dc1"] == HALF
        assert _pct_of_old(dc1) == "5000"


def _pct_of_old(dc1: Site) -> str:
    from deployer.traffic import mapped

    (balancer,) = (one for one in dc1.estate.balancers if one.name == "lb1")
    (maps,) = mapped.read_old(dc1.ssh, balancer)
    return str(maps.pct)


def test_an_overtaken_run_changes_nothing(dc1: Site, ordered: Ordered) -> None:
    to(dc1, HALF, Ordered("new", 9))
    with pytest.raises(Overtaken, match="epoch 9"):
        to(dc1, OLD, ordered)
    assert dc1.traffic.look(["dc1"]).splits["dc1"] == HALF
