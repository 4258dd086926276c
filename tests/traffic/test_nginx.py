"""A pair of real nginx balancers: drain, readmit, shift, and what happens when one refuses"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.clock import WallClock
from deployer.errors import Overtaken, StepFailed, Unreachable
from deployer.look import Lookout
from deployer.model import Intent, Release, Split, Standing
from deployer.probe import HttpProbe
from deployer.safety import prove
from deployer.steps import Drain, Readmit, Shift
from deployer.strategies import rolling
from deployer.traffic.nginx import balancer as nginx
from deployer.traffic.nginx import fresh, tables
from deployer.traffic.wanted import NOTHING
from deployer.world import Past
from tests.ssh.parts import until
from tests.traffic.nginx_parts import STATUS, NginxSite, fresh_load, nginx_site
from tests.traffic.parts import Ordered

WEB1, BACK = Drain("dc1", ("web1",)), Readmit("dc1", ("web1",), Release("1.0.0"))
CANARY = Readmit("dc1", ("web1",), Release("2.0.0"), "b")
OLD = Split((("1.0.0", 10_000),))
DARK = Split((("1.0.0", 10_000), ("2.0.0", 0)))
HALF = Split((("1.0.0", 5_000), ("2.0.0", 5_000)))
NEW = Split((("2.0.0", 10_000),))
PAGE = {"Sec-Fetch-Dest": "document"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NginxSite]:
    with nginx_site(tmp_path_factory.mktemp("nginx"), "127.9.31") as found:
        yield found


def unfenced(whole: NginxSite) -> None:
    for part in whole.balancers.values():
        part.thaw()
    for fence in whole.folder.rglob(".deployer-*"):
        fence.unlink()


@pytest.fixture
def dc1(whole: NginxSite) -> Iterator[NginxSite]:
    """Everybody on 1.0.0 in slot a, no fence."""
    unfenced(whole)
    names = tuple(host.name for host in whole.hosts)
    seen = whole.traffic.look(["dc1"])
    if dict(seen.splits) != {"dc1": OLD}:
        whole.traffic.shift(Shift("dc1", OLD), Ordered().order)
    if {(view.standing, view.slot) for views in seen.views.values() for view in views} != {(Standing.UP, "a")}:
        whole.traffic.readmit(Readmit("dc1", names, Release("1.0.0"), "a"), Ordered().order)
    yield whole
    unfenced(whole)


@pytest.fixture
def canary(whole: NginxSite) -> NginxSite:
    """web1 carries 2.0.0 in slot b, everybody is on 1.0.0."""
    unfenced(whole)
    order = Ordered().order
    seen = whole.traffic.look(["dc1"])
    if {view.slot for view in seen.views["web1"]} != {"b"}:
        whole.traffic.drain(WEB1, order)
        assert not whole.traffic.readmit(CANARY, order).failed
    if dict(seen.splits) != {"dc1": DARK}:
        whole.traffic.shift(Shift("dc1", OLD), order)
        whole.traffic.shift(Shift("dc1", DARK), order)
    return whole


def test_what_is_seen_of_a_fresh_pool(dc1: NginxSite) -> None:
    seen = dc1.traffic.look(["dc1"])
    assert seen.complaints == ()
    for host in dc1.hosts:
        assert {(view.balancer, view.standing, view.slot) for view in seen.views[host.name]} == {
            ("lb1", Standing.UP, "a"),
            ("lb2", Standing.UP, "a"),
        }
    assert dict(seen.splits) == {"dc1": OLD}


def test_drained_and_back_without_a_lost_request(dc1: NginxSite, ordered: Ordered) -> None:
    with fresh_load(dc1) as load:
        until(lambda: "web1" in load.served, "web1 serves")
        dc1.traffic.drain(WEB1, ordered.order)
        assert not dc1.health("web1").exists()
        seen = dc1.traffic.look(["dc1"])
        assert {view.standing for view in seen.views["web1"]} == {Standing.OUT}
        before = load.served["web1"]
        many = sum(load.served.values())
        until(lambda: sum(load.served.values()) > many + 100, "the others go on")
        assert load.served["web1"] == before
        assert not dc1.traffic.readmit(BACK, ordered.order).failed
        until(lambda: load.served["web1"] > before, "web1 serves again")
    assert load.failed == []


def test_a_request_under_way_is_waited_for(dc1: NginxSite, ordered: Ordered) -> None:
    hold = dc1.health("web1").with_name("hold")
    hold.touch()
    for host in dc1.hosts:
        dc1.health(host.name).with_name("hold").touch()
    import threading

    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(dc1.get("/held").body)) for _ in range(6)]
    for thread in threads:
        thread.start()
    told = ordered.told

    def let_go() -> None:
        until(lambda: any("connections on web1" in line or "old workers" in line for line in told), "it waits for it")
        for host in dc1.hosts:
            dc1.health(host.name).with_name("hold").unlink()

    helper = threading.Thread(target=let_go)
    helper.start()
    dc1.traffic.drain(WEB1, ordered.order)
    assert not hold.exists()
    for thread in (*threads, helper):
        thread.join(30)
    assert len(answers) == 6


def test_what_nginx_refuses_is_put_back(dc1: NginxSite, ordered: Ordered) -> None:
    """Somebody broke the configuration meanwhile: what runs and what lies there stay as they were."""
    conf = dc1.balancers["lb2"].folder / "balancer.conf"
    text, runs = conf.read_text(), dc1.balancers["lb2"].status()
    files = {path.name: path.read_text() for path in dc1.balancers["lb2"].maps.iterdir() if path.name[0] != "."}
    conf.write_text(text + "\nnonsense;\n")
    try:
        with pytest.raises(StepFailed, match=r"nginx -t refuses it, all is as it was: .*nonsense"):
            dc1.traffic.drain(WEB1, ordered.order)
    finally:
        conf.write_text(text)
    assert dc1.balancers["lb2"].status() == runs
    for name in ("shop_a.servers", "shop_b.servers", "split.conf"):
        assert (dc1.balancers["lb2"].maps / name).read_text() == files[name]


def test_a_silent_nginx_is_not_drained_past(dc1: NginxSite, ordered: Ordered) -> None:
    dc1.balancers["lb2"].freeze()
    with pytest.raises(Unreachable, match="nginx does not answer"):
        dc1.traffic.drain(WEB1, ordered.order)
    assert dc1.health("web1").exists()


def test_a_paused_holder_is_refused(dc1: NginxSite) -> None:
    dc1.traffic.drain(Drain("dc1", ("web2",)), Ordered("new", 7).order)
    with pytest.raises(Overtaken, match=r"lb\d: run new \(epoch 7\) acted here since"):
        dc1.traffic.drain(WEB1, Ordered("old", 6).order)
    assert dc1.health("web1").exists()


def test_the_last_of_the_pool_is_not_taken(dc1: NginxSite, ordered: Ordered) -> None:
    with pytest.raises(StepFailed, match="would be the last of the pool shop"):
        dc1.traffic.drain(Drain("dc1", ("web1", "web2", "web3")), ordered.order)


def test_an_edit_by_hand_is_told_and_kept(dc1: NginxSite, ordered: Ordered) -> None:
    file = dc1.balancers["lb1"].maps / "shop_a.servers"
    file.write_text(file.read_text().replace("weight=100", "weight=50"))
    (told,) = dc1.traffic.look(["dc1"]).complaints
    assert "edited by hand" in told
    dc1.traffic.drain(WEB1, ordered.order)
    assert dc1.traffic.look(["dc1"]).complaints == ()
    assert file.read_text().count("weight=50") == 3
    file.write_text(file.read_text().replace("weight=50", "weight=100"))


def test_files_that_were_written_and_not_loaded_are_told_and_made_whole(dc1: NginxSite, ordered: Ordered) -> None:
    """The orchestrator and the machine's shell died between the two."""
    dc1.traffic.drain(WEB1, ordered.order)
    maps = dc1.balancers["lb1"].maps
    for name in ("shop_a.servers", "shop_b.servers", "split.conf"):
        now, was = (maps / name).read_text(), (maps / f"{name}.was").read_text()
        (maps / name).write_text(was)
        (maps / f"{name}.was").write_text(now)
    seen = dc1.traffic.look(["dc1"])
    assert [line for line in seen.complaints if line.startswith("lb1: it runs other files than lie in")]
    assert {view.standing for view in seen.views["web1"]} == {Standing.OUT}, "as it runs, not as it lies there"
    dc1.traffic.drain(WEB1, ordered.order)
    assert dc1.traffic.look(["dc1"]).complaints == ()


def test_old_workers_stop_taking_requests_before_a_change_is_done(dc1: NginxSite, ordered: Ordered) -> None:
    before = {dc1.balancers["lb1"].worker() for _ in range(20)}
    dc1.traffic.drain(WEB1, ordered.order)
    assert not before & {dc1.balancers["lb1"].worker() for _ in range(40)}


def test_two_at_once_do_not_undo_each_other(dc1: NginxSite, ordered: Ordered) -> None:
    """Both look before either has acted: the second one looks again."""
    hosts = ("web1", "web2")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda host: dc1.traffic.drain(Drain("dc1", (host,)), ordered.order), hosts))
    seen = dc1.traffic.look(["dc1"])
    assert {view.standing for host in hosts for view in seen.views[host]} == {Standing.OUT}


def test_what_is_missing_is_named(dc1: NginxSite) -> None:
    status = dc1.balancers["lb1"].maps / "status"
    status.write_text("127.0.0.1:1\n")
    split = dc1.balancers["lb2"].maps / "split.conf"
    split.rename(split.with_name("elsewhere"))
    try:
        told = dc1.traffic.look(["dc1"]).complaints
    finally:
        status.write_text(f"{dc1.balancers['lb1'].address}:{STATUS}\n")
        split.with_name("elsewhere").rename(split)
    assert any(line.startswith("lb1: nginx does not answer at /deployer_status") for line in told)
    assert any("lb2" in line and "has no split.conf" in line for line in told)


def test_fresh_files_are_those_of_the_hosts(dc1: NginxSite) -> None:
    texts = fresh.files("shop", dc1.hosts, "127.0.0.1:8405")
    assert texts["shop_a.servers"].splitlines()[0] == "server 127.9.31.21:8080 weight=100 max_fails=0; # web1"
    assert texts["shop_b.servers"].splitlines()[0].endswith("down; # web1")


def test_a_first_deployment_brings_fresh_hosts_into_service(tmp_path: Path, ordered: Ordered) -> None:
    """As provision.yml leaves them: nobody is up, so whoever is taken is missed by nobody, and the floor allows it."""
    with nginx_site(tmp_path, "127.9.34", hosts=2, serving=False) as site:
        assert site.get("/").code == 502
        lookout = Lookout(site.estate, site.traffic, HttpProbe(site.estate, site.settings.app, WallClock()))
        wanted = Intent("shop", Release("1.0.0"), "rolling", ("dc1",), {"dc1": 1}, {"dc1": 1})
        planned = rolling.plan(wanted, lookout.look())
        prove(planned, lookout.look())
        for _, _, _, step in planned.walk():
            if isinstance(step, Drain):
                site.traffic.drain(step, ordered.order)
            elif isinstance(step, Readmit):
                assert not site.traffic.readmit(step, ordered.order).failed
        assert {site.get("/", name).body for name in site.balancers for _ in range(8)} == {"web1", "web2"}
        seen = lookout.look()
        assert all(host.in_service and host.slot == "a" for host in seen.hosts.values())


def test_the_split_is_what_users_get(canary: NginxSite, ordered: Ordered) -> None:
    canary.traffic.shift(Shift("dc1", HALF), ordered.order)
    assert dict(canary.traffic.look(["dc1"]).splits) == {"dc1": HALF}
    for balancer in canary.balancers:
        for bucket, canaries in (("0", True), ("4999", True), ("5000", False), ("9999", False), ("07", True)):
            reply = canary.get("/", balancer, {**PAGE, "Cookie": f"dp_bucket={bucket}"})
            assert (reply.body == "web1") is canaries, (bucket, reply)
    canary.traffic.shift(Shift("dc1", NEW), ordered.order)
    assert Counter(canary.get("/").body for _ in range(20)) == {"web1": 20}


@pytest.mark.parametrize("loaded", [True, False], ids=("and nginx reloaded", "and nothing reloaded"))
@pytest.mark.parametrize("edit", ["a table", "the whole file", "a backup", "a server"])
def test_what_somebody_edited_is_put_right_while_a_run_watches(
    canary: NginxSite, ordered: Ordered, edit: str, loaded: bool
) -> None:
    canary.traffic.shift(Shift("dc1", HALF), ordered.order)
    order = replace(ordered.order, past=lambda: Past(splits={"dc1": HALF}))
    assert canary.traffic.mend(["dc1"], order) == ()
    maps, backup = canary.balancers["lb1"].maps, canary.balancers["lb2"].maps / "split.conf.was"
    split, servers = maps / "split.conf", maps / "shop_a.servers"
    match edit:
        case "a table":
            split.write_text(split.read_text().replace('default "1.0.0";', 'default "2.0.0";'))
        case "the whole file":
            split.write_text(tables.text(NOTHING, "shop", "ab", "of another day"))
        case "a backup":
            split.write_text(backup.read_text())
        case _:
            servers.write_text(servers.read_text().replace("weight=100", "weight=50"))
    if loaded:
        canary.balancers["lb1"].reload()
    (said,) = canary.traffic.mend(["dc1"], order)
    assert said.startswith("lb1: changed by somebody else")
    assert said.endswith("again")
    seen = canary.traffic.look(["dc1"])
    assert (dict(seen.splits), seen.complaints) == ({"dc1": HALF}, ())
    for bucket, canaries in (("4999", True), ("5000", False)):
        reply = canary.get("/", "lb1", {**PAGE, "Cookie": f"dp_bucket={bucket}"})
        assert (reply.body == "web1") is canaries
    servers.write_text(servers.read_text().replace("weight=50", "weight=100"))
    nginx.make_whole(canary.ssh, canary.estate.balancers[0], "shop", ordered.order)


def test_a_raise_that_one_refuses_is_taken_back(canary: NginxSite, ordered: Ordered) -> None:
    conf = canary.balancers["lb2"].folder / "balancer.conf"
    text, runs = conf.read_text(), canary.balancers["lb1"].status()
    conf.write_text(text + "\nnonsense;\n")
    try:
        with pytest.raises(StepFailed, match=r"nginx -t refuses it.*taken back everywhere"):
            canary.traffic.shift(Shift("dc1", HALF), ordered.order)
    finally:
        conf.write_text(text)
    assert canary.balancers["lb1"].status() == runs
    seen = canary.traffic.look(["dc1"])
    assert seen.complaints == ()
    assert dict(seen.splits) == {"dc1": DARK}


def test_a_lowering_goes_on_where_it_can(canary: NginxSite, ordered: Ordered) -> None:
    canary.traffic.shift(Shift("dc1", HALF), ordered.order)
    conf = canary.balancers["lb2"].folder / "balancer.conf"
    text = conf.read_text()
    conf.write_text(text + "\nnonsense;\n")
    try:
        with pytest.raises(StepFailed, match=r"lowered to .* on lb1, not on lb2: nginx -t refuses"):
            canary.patient(1).shift(Shift("dc1", DARK), ordered.order)
    finally:
        conf.write_text(text)
    assert "disagree" in " ".join(canary.traffic.look(["dc1"]).complaints)


@pytest.mark.parametrize(("end", "serve"), [(OLD, {"web2", "web3"}), (NEW, {"web1"})], ids=("abort", "promote"))
def test_cookies_and_pins_end_with_the_run(canary: NginxSite, ordered: Ordered, end: Split, serve: set[str]) -> None:
    """Neither those it gave, nor a tester's, nor one that names what is gone: no decision, no cookie, no error."""
    canary.traffic.shift(Shift("dc1", HALF), ordered.order)
    reply = canary.get("/", "lb1", {**PAGE, "Cookie": "dp_bucket=1; dp_release=1.0.0"})
    assert (reply.body, reply.cookies) == ("web1", {"dp_release": "2.0.0"})
    canary.traffic.shift(Shift("dc1", end), ordered.order)
    for release in ("1.0.0", "2.0.0", "0.9.0", "9" * 3000):
        for jar in (f"dp_bucket=1; dp_release={release}", f"dp_bucket=9999; dp_tester={release}"):
            for kind in ("document", "empty"):
                headers = {"Sec-Fetch-Dest": kind, "Cookie": jar, "X-Deployer-Release": release}
                reply = canary.get("/", "lb2", headers)
                assert (reply.code, reply.cookies) == (200, {})
                assert reply.body in serve, (release, jar, kind)


def test_abort_brings_everybody_back_at_once(canary: NginxSite, ordered: Ordered) -> None:
    canary.traffic.shift(Shift("dc1", HALF), ordered.order)
    canary.traffic.shift(Shift("dc1", DARK), ordered.order)
    cookie = {"Cookie": "dp_bucket=3; dp_release=2.0.0"}
    assert "web1" not in {canary.get("/", headers=cookie).body for _ in range(20)}
    assert canary.get("/", headers={"X-Deployer-Release": "2.0.0"}).body == "web1"
