"""Promises over random pools and random faults: something bad never happens

Every property runs on fixed examples (derandomized), so that it says the same each time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.errors import UnsafePlan
from deployer.events import End, Ended
from deployer.model import Intent, Release, Undo, Verdict
from deployer.progress import Progress
from deployer.safety import prove
from deployer.steps import Fetch, hosts_of, verb
from deployer.undo import way_back
from tests.memory import Crash, Fault, Host, Memory
from tests.runs import NEW, Case, case, still

SETTINGS = settings(
    max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@st.composite
def worlds(draw: st.DrawFn, *, whole: bool = False) -> Memory:
    """1 to 3 sites of 1 to 12 hosts; unless `whole` some are out, down, dead, or on another release."""
    hosts = []
    odd = st.sampled_from(["well"] * 20 + ["out", "down", "dead", "newer"])
    for site in ("dc1", "dc2", "dc3")[: draw(st.integers(1, 3))]:
        for n in range(1, draw(st.sampled_from([4, 6, 3, 5, 8, 2, 12, 1])) + 1):
            host = Host(f"{site}-web{n}", site)
            match "well" if whole else draw(odd):
                case "out":
                    host.file = False
                case "down":
                    host.healthy = False
                case "dead":
                    host.alive, host.running = False, None
                case "newer":
                    host.running = host.link = "1.1"
            host.fetched.add(host.link)
            hosts.append(host)
    return Memory({host.name: host for host in hosts})


@st.composite
def intents(draw: st.DrawFn, memory: Memory) -> Intent:
    sites = tuple(dict.fromkeys(host.site for host in memory.hosts.values()))
    names = sorted(memory.hosts)
    size = Counter(host.site for host in memory.hosts.values() if host.in_service)
    abreast = draw(st.sampled_from([1, 1, 2, 3]))
    wave = {site: draw(st.integers(1, max(1, min(3, (size[site] - 1) // abreast)))) for site in sites}
    room = {site: max(0, size[site] - wave[site] * abreast) for site in sites}
    careless = draw(st.sampled_from([0, 0, 0, 2]))
    gates = draw(st.booleans())
    return Intent(
        "shop",
        NEW,
        "rolling",
        sites,
        wave,
        {site: draw(st.integers(0, room[site])) + careless for site in sites},
        tuple(draw(st.lists(st.sampled_from(names), unique=True, max_size=6))) if draw(st.integers(0, 3)) == 3 else (),
        abreast,
        draw(st.sampled_from([0, 0, 1, 2])),
        draw(st.sampled_from(list(Undo))),
        gates,
        gates,
    )


@st.composite
def faults(draw: st.DrawFn, memory: Memory) -> list[Fault]:
    names = sorted(memory.hosts)
    return [
        Fault(
            draw(st.sampled_from(["deploy", "verify", "drain", "readmit", "deploy", "verify", "drain", "fetch"])),
            draw(st.sampled_from(["before", "after", "half", "late", "hosts", "hosts"])),
            frozenset(draw(st.lists(st.sampled_from(names), min_size=1, max_size=2))),
            draw(st.sampled_from([0, 0, 0, None])),
            draw(st.sampled_from([1, 10**9])),
            draw(st.booleans()),
        )
        for _ in range(draw(st.sampled_from([0, 1, 1, 2])))
    ]


@st.composite
def cases(draw: st.DrawFn, *, troubled: bool = True, whole: bool = False) -> Case:
    memory = draw(worlds(whole=whole))
    it = case(memory, draw(intents(memory)))
    if troubled:
        memory.faults = draw(faults(memory))
        memory.raising = draw(st.booleans())
        bad = draw(st.lists(st.sampled_from(sorted(memory.hosts)), max_size=1))
        memory.bad = {(host, "1.1") for host in bad}
        if draw(st.integers(0, 5)) == 0:
            memory.verdicts["waves"] = [Verdict.PASS, draw(st.sampled_from([Verdict.FAIL, Verdict.INCONCLUSIVE]))]
        it.memory.on_act = _meddler(it, draw(st.none() | st.integers(2, 30)), draw(st.sampled_from(MEDDLING)), draw)
    return it


MEDDLING = ("overtaken", "dies", "brake", "abort", "silent", "put back")


def _meddler(it: Case, when: int | None, what: str, draw: st.DrawFn):  # type: ignore[no-untyped-def] # noqa: ANN202
    """Somebody else does something at the n-th act."""
    from deployer.events import AbortAsked

    victim = draw(st.sampled_from(sorted(it.memory.hosts)))

    def meddle(n: int, _step: object, _order: object) -> None:
        if n != when:
            return
        match what:
            case "dies":
                it.memory.die(victim)
            case "put back":
                it.memory.put_back(victim)
            case "silent":
                it.memory.silent.add(f"{it.memory.hosts[victim].site}/lb1")
            case "brake":
                it.brake.pull()
            case "abort":
                it.journal.append("r1", AbortAsked("bob"), epoch=None)
            case "overtaken":
                it.journal.epoch += 1

    return meddle


def ran(it: Case) -> Ended | None:
    """How it ended; None when it was refused."""
    try:
        return it.run()
    except UnsafePlan:
        return None


@SETTINGS
@given(cases())
def test_no_run_ever_breaks_a_rule(it: Case) -> None:
    ran(it)
    assert it.broken() == []


@SETTINGS
@given(cases())
def test_each_host_ends_in_the_state_that_is_told(it: Case) -> None:
    """N2: an outside look agrees with the end."""
    ended = ran(it)
    start, now = it.before.start(), it.memory.start()
    planned = {host for step in it.plan.steps if not isinstance(step, Fetch) for host in hosts_of(step)}
    if ended is None:
        assert now == start
    elif ended.end is End.DONE:
        for name in planned - set(it.progress.held):
            assert now[name] == ("1.1", "1.1", True)
        for name in it.progress.held:
            assert not now[name][2] or now[name] == start[name]
    elif ended.end is End.PUT_BACK:
        assert {n: (r, s) for n, (r, _, s) in now.items() if _ours(it, n)} == {
            n: (r, s) for n, (r, _, s) in start.items() if _ours(it, n)
        }
    elif ended.end is not End.SUSPENDED:
        assert ended.remedy
        assert ended.note


def _ours(it: Case, host: str) -> bool:
    return not any(moment.what == "foreign" and moment.host == host for moment in it.memory.history)


@SETTINGS
@given(cases())
def test_undo_from_anywhere_brings_back_exactly_the_starting_picture(it: Case) -> None:
    """Whatever happened, when everything works again: also what acted and then reported failure leaves no trace."""
    if ran(it) is None or any(moment.what == "foreign" for moment in it.memory.history) or _below_the_floor(it):
        return
    _all_is_well_again(it)
    ended = it.undo()
    hosts = {n for n, host in it.before.hosts.items() if host.alive}
    start, now = it.before.start(), it.memory.start()
    assert {n: now[n] for n in hosts} == {n: start[n] for n in hosts}
    assert ended.end is End.PUT_BACK
    assert it.broken() == []
    acts = len(it.memory.acts)
    assert it.undo().end is End.PUT_BACK
    assert len(it.memory.acts) == acts, "undone twice does nothing the second time"


def _below_the_floor(it: Case) -> bool:
    """A site that began with too few in service was repaired; nothing takes it below the floor again, not even undo."""
    serving = Counter(host.site for host in it.before.hosts.values() if host.in_service)
    return any(serving[host.site] < max(1, it.plan.intent.floor[host.site]) for host in it.before.hosts.values())


def _all_is_well_again(it: Case) -> None:
    it.memory.faults, it.memory.verdicts = [], {}
    it.memory.bad.clear()
    it.memory.silent.clear()
    it.memory.on_act = lambda *_: None


@SETTINGS
@given(cases(troubled=False), st.data())
def test_a_plan_that_is_proved_can_be_walked_and_its_way_back_is_proved_from_every_point(
    it: Case, data: st.DataObject
) -> None:
    stop = data.draw(st.integers(1, 40))
    it.memory.on_act = lambda n, _step, _order: it.brake.pull() if n == stop else None
    ended = ran(it)
    if ended is None or _below_the_floor(it):
        return
    assert "rule" not in ended.note
    now = it.memory.world().eyes.look()
    prove(way_back(it.progress, Undo.ALL, now).plan, now)


@SETTINGS
@given(cases(), st.integers(1, 60), st.sampled_from(["before", "after"]))
def test_a_crash_at_any_write_then_resume_ends_the_same(it: Case, point: int, when: str) -> None:
    if it.plan.intent.abreast > 1 or any(fault.times < 10**9 for fault in it.memory.faults):
        it.memory.faults = [replace(fault, times=10**9) for fault in it.memory.faults]
    it.memory.on_act, it.memory.verdicts = (lambda *_: None), {}
    twin = Case(_copied(it.memory), it.plan, it.picture)
    twin.journal.crash = (point, when)
    wanted = ran(it)
    try:
        ended = ran(twin)
    except Crash:
        if twin.progress.end is not None:
            return
        ended = twin.resume() if twin.journal.records else twin.to_the_end()
    assert (ended and ended.end) == (wanted and wanted.end)
    if it.plan.intent.abreast == 1:
        assert twin.memory.start() == it.memory.start()
    assert twin.broken() == []


def _copied(memory: Memory) -> Memory:
    twin = still(memory)
    for host in twin.hosts.values():
        host.fetched = set(host.fetched)
    twin.bad, twin.faults = set(memory.bad), [replace(fault) for fault in memory.faults]
    return twin


@SETTINGS
@given(cases())
def test_who_is_left_out_stays_out_and_within_the_budget(it: Case) -> None:
    ended = ran(it)
    if ended is None or ended.end is not End.DONE:
        return
    progress: Progress = it.progress
    assert len(progress.held) <= it.plan.intent.budget
    for host in progress.held:
        assert (
            _ours(it, host) is False or not it.memory.hosts[host].in_service or it.memory.hosts[host].running != "1.1"
        )


@SETTINGS
@given(cases(), st.sampled_from(list(Undo)))
def test_an_irreversible_release_is_never_deployed_away(it: Case, scope: Undo) -> None:
    wanted = replace(it.plan.intent, release=Release("1.1", irreversible=True))
    it = case(it.memory, wanted)
    if ran(it) is None:
        return
    _all_is_well_again(it)
    it.undo(scope)
    deployed = [(moment.host, moment.release) for moment in it.memory.history if moment.what == "deploy"]
    assert all(release == "1.1" for _, release in deployed)
    assert it.broken() == []


def test_the_properties_are_not_vacuous() -> None:
    """A planner that refuses everything, or a world where nothing fails, would make all of them true."""
    ends: Counter[str] = Counter()
    verbs: Counter[str] = Counter()

    @SETTINGS
    @given(cases())
    def count(it: Case) -> None:
        ended = ran(it)
        ends[ended.end.name if ended else "REFUSED"] += 1
        verbs.update(f"back {verb(step)}" for line in it.progress.lines[1:] for step in line.steps)

    count()
    total = sum(ends.values())
    least = {"DONE": 0.15, "PUT_BACK": 0.1, "HALF_WAY": 0.04, "REFUSED": 0.05}
    assert {end: ends[end] for end, share in least.items() if ends[end] < share * total} == {}, ends
    assert all(verbs[f"back {one}"] > 10 for one in ("drain", "deploy", "verify", "readmit")), verbs
