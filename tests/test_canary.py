"""Canary plans: who may get which share when, on paper and in every walk and way back"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.errors import Refused, UnsafePlan
from deployer.events import Approved, End
from deployer.model import WHOLE, Gating, Intent, Ladder, Split, Standing, Undo, Verdict
from deployer.progress import waiting_at
from deployer.safety import prove
from deployer.steps import Ask, Deploy, Drain, Readmit, Shift, Step
from deployer.strategies import canary, rolling
from deployer.world import Order
from tests.memory import Crash, Fault, Memory
from tests.runs import NEW, Case, all_serve, case, intent, pool

SETTINGS = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
OLD = "1.0"


def canaries(memory: Memory, wave: int = 1, floor: int = 3, *, ladder: Ladder | None = None) -> Intent:
    wanted = intent(memory, wave, floor, undo=Undo.ALL)
    ladder = ladder or Ladder((100, 500, 2500, 5000, WHOLE), 60, 20)
    return replace(wanted, strategy="canary", ladder=ladder, gating=Gating(60, 60) if ladder.baseline else None)


def halves(size: int = 4, sites: tuple[str, ...] = ("dc1", "dc2"), slot: str = "a") -> Memory:
    memory = pool(size, sites, slot)
    memory.splits.update({site: Split(((OLD, WHOLE),)) for site in sites})
    return memory


@dataclass
class Watch:
    """Looks at every act at whether each share is carried, by whom, and by enough."""

    it: Case
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.it.memory.on_act = self.look

    def look(self, _count: int, _step: Step, order: Order) -> None:
        memory, back = self.it.memory, not order.step.startswith("0-")
        for site, split in memory.splits.items():
            for release, share in split.shares:
                fit = sum(
                    host.site == site and host.in_service and host.running == release for host in memory.hosts.values()
                )
                floor = self.it.plan.intent.floor[site]
                home = len(split.shares) == 1
                needed = 1 if back or home else max(1, -(-(share - 1) * floor // WHOLE))
                if share and fit < needed:
                    self.wrong.append(f"{order.step}: {split} at {site}, {fit} hosts serve {release}, {needed} needed")


def watched(memory: Memory, wanted: Intent) -> tuple[Case, Watch]:
    it = case(memory, wanted, canary.plan)
    return it, Watch(it)


@dataclass(frozen=True)
class Shape:
    """A pool that leaves a wave's room, and a ladder of any shape."""

    sites: tuple[str, ...]
    size: int
    wave: int
    floor: int
    slot: str
    ladder: Ladder

    def watched(self) -> tuple[Case, Watch]:
        memory = halves(self.size, self.sites, self.slot)
        return watched(memory, canaries(memory, self.wave, self.floor, ladder=self.ladder))


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    size = draw(st.integers(2, 12))
    wave = draw(st.integers(1, max(1, size // 3)))
    shares = tuple(sorted(draw(st.sets(st.integers(1, WHOLE - 1), max_size=4))))
    return Shape(
        ("dc1", "dc2", "dc3")[: draw(st.integers(1, 3))],
        size,
        wave,
        draw(st.integers(1, max(1, size - wave))),
        draw(st.sampled_from("ab")),
        Ladder(
            (*shares, WHOLE), 60, draw(st.sampled_from([0, 20, 50])), draw(st.booleans()), baseline=draw(st.booleans())
        ),
    )


@SETTINGS
@given(shapes())
def test_every_canary_that_leaves_room_is_proved_and_brings_everybody_over(shape: Shape) -> None:
    it, watch = shape.watched()
    prove(it.plan, it.picture)
    assert it.run().end is End.DONE
    assert all_serve(it.memory, NEW.version)
    assert not it.broken()
    assert not watch.wrong
    assert all(split == Split(((NEW.version, WHOLE),)) for split in it.memory.splits.values())


@SETTINGS
@given(shapes(), st.integers(0, 200), st.sampled_from(["before", "after"]))
def test_a_failure_anywhere_on_the_ladder_brings_users_back_first_and_then_the_hosts(
    shape: Shape, place: int, kind: str
) -> None:
    it, watch = shape.watched()
    climb = [n for n, leg, _, step in it.plan.walk() if leg.undo is None and not isinstance(step, Ask)]
    number = climb[place % len(climb)]
    step = it.plan.steps[number - 1]
    it.memory.faults.append(Fault(type(step).__name__.lower(), kind, step=f"0-{number}"))
    ended = it.run()
    if isinstance(step, Shift) and step.split == Split(((NEW.version, WHOLE),)) and kind == "after":
        return  # the last shift took all users over and said it had not: nobody is left on the old hosts but the rest
    assert ended.end is End.PUT_BACK, ended.note
    assert not it.broken()
    assert not watch.wrong
    assert all_serve(it.memory, OLD)
    assert all(split == Split(((OLD, WHOLE),)) for split in it.memory.splits.values())
    if shape.ladder.together:  # else a site that was finished has nobody left on the old hosts: stage by stage then
        back = [verb for step_id, verb in it.memory.acts if step_id.startswith("1-")]
        assert back == sorted(back, key=lambda verb: verb != "shift"), "users first, in one act per site"


@SETTINGS
@given(shapes(), st.integers(0, 400), st.sampled_from(["before", "after"]))
def test_a_crash_at_any_write_then_resume_ends_the_same(shape: Shape, point: int, when: str) -> None:
    it, watch = shape.watched()
    writes = 2 * len(it.plan.steps)
    it.journal.crash = (point % writes, when)
    assert it.to_the_end().end is End.DONE
    assert all_serve(it.memory, NEW.version)
    assert not watch.wrong


def test_a_bad_verdict_takes_everybody_back() -> None:
    it, watch = watched(halves(), canaries(halves()))
    it.memory.verdicts["bake"] = [Verdict.PASS, Verdict.PASS, Verdict.FAIL]
    assert it.run().end is End.PUT_BACK
    assert all_serve(it.memory, OLD)
    assert not watch.wrong


@SETTINGS
@given(shapes())
def test_the_baseline_is_as_large_as_the_canary_and_restarted_right_before_it(shape: Shape) -> None:
    it, _ = shape.watched()
    deployed: list[tuple[str, str]] = []
    for step in it.plan.steps:
        if isinstance(step, Deploy):
            deployed += [(host, step.release.version) for host in step.hosts]
        for one in step.versus if isinstance(step, Ask) else ():
            left = shape.size - len(one.new)
            assert len(one.old) in (0, min(len(one.new), left)), "0 where nobody is sent any more"
            assert {(host, OLD) for host in one.old} <= set(deployed), "restarted"
            assert {(host, NEW.version) for host in one.new} <= set(deployed)
            assert one.restarted == bool(one.old)
    again = [host for host, version in deployed if version == OLD]
    assert len(set(again)) == len(again), "no host twice"
    assert bool(again) == shape.ladder.baseline


@pytest.mark.parametrize(("floor", "together"), [(2, True), (3, False)])
def test_a_baseline_is_restarted_with_the_canary_where_the_floor_has_room(floor: int, together: bool) -> None:
    ladder = Ladder((500, WHOLE), 60, 20, baseline=True)
    it = case(halves(), canaries(halves(), floor=floor, ladder=ladder), canary.plan)
    first = next(stage for stage in it.plan.stages if "canary hosts, 1 of 4" in stage.name)
    deploys = [place for place, step in enumerate(first.steps) if isinstance(step, Deploy)]
    assert (deploys[1] - deploys[0] == 1) is together
    assert ("with them" in first.name) is together
    assert ("before them: the floor has no room" in first.name) is not together


@pytest.mark.parametrize("n", range(6))
def test_each_verdict_that_fails_takes_everybody_back(n: int) -> None:
    ladder = Ladder((100, 500, 2500, 5000, WHOLE), 60, 20, baseline=True)
    it, watch = watched(halves(), canaries(halves(), ladder=ladder))
    it.memory.verdicts["metrics"] = [Verdict.PASS] * n + [Verdict.FAIL]
    ended = it.run()
    assert ended.end is End.PUT_BACK, ended.note
    assert all_serve(it.memory, OLD)
    assert not it.broken()
    assert not watch.wrong
    assert all(split == Split(((OLD, WHOLE),)) for split in it.memory.splits.values())


@pytest.mark.parametrize("verb", ["drain", "deploy", "verify", "readmit"])
def test_a_baseline_host_that_fails_goes_back_though_the_new_release_is_irreversible(verb: str) -> None:
    wanted = canaries(halves(), ladder=Ladder((500, WHOLE), 60, 20, baseline=True))
    it, _ = watched(halves(), replace(wanted, release=replace(NEW, irreversible=True)))
    it.memory.faults.append(Fault(verb, "after", frozenset({"dc2-web4"}), line=0))
    it.run()
    assert it.memory.hosts["dc2-web4"].in_service
    assert it.memory.hosts["dc2-web4"].running == OLD


def test_no_verdict_waits_and_a_person_lets_it_go_on() -> None:
    it, _ = watched(halves(), canaries(halves(), ladder=Ladder((500, WHOLE), 60, dark=True)))
    it.memory.verdicts["person"] = [Verdict.INCONCLUSIVE] * 9
    assert it.run().end is End.WAITING
    assert it.memory.splits["dc1"] == Split(((OLD, WHOLE), (NEW.version, 0))), "dark: known, nobody sent"
    it.revive()
    assert it.engine().resume("r1").end is End.WAITING, "asking again is no answer"
    it.revive()
    assert it.engine().promote("r1", Approved(0, waiting_at(it.progress).number, "ann")).end is End.DONE
    assert all_serve(it.memory, NEW.version)


def test_all_sites_know_the_release_before_anybody_is_sent_there() -> None:
    it, _ = watched(halves(), canaries(halves(), ladder=Ladder((500, WHOLE), 60, together=False)))
    shifts = [step for step in it.plan.steps if isinstance(step, Shift)]
    first_share = next(n for n, step in enumerate(shifts) if step.split.of(NEW.version))
    assert {step.scope for step in shifts[:first_share]} == {"dc1", "dc2"}


def test_the_other_half_takes_the_canary() -> None:
    for live, other in (("a", "b"), ("b", "a")):
        it, _ = watched(halves(slot=live), canaries(halves()))
        assert {step.slot for step in it.plan.steps if isinstance(step, Readmit)} == {other}


def test_a_group_that_shares_users_may_not_be_thinned() -> None:
    it, _ = watched(halves(), canaries(halves()))
    split = Split(((OLD, 7500), (NEW.version, 2500)))
    lone = replace(it.picture.hosts["dc1-web4"], release=NEW.version)
    mixed = replace(it.picture, splits={"dc1": split}, hosts={**it.picture.hosts, "dc1-web4": lone})
    leg = next(leg for leg in it.plan.legs if any(isinstance(step, Drain) for one in leg.stages for step in one.steps))
    with pytest.raises(UnsafePlan, match=r"rule 3: 75 % of dc1's users need 3 hosts with 1\.0, 2 would stay"):
        prove(replace(it.plan, legs=(leg,)), mixed)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda memory: setattr(memory.hosts["dc1-web2"], "running", "0.9"), "one release"),
        (lambda memory: setattr(memory.hosts["dc1-web2"], "file", False), "not in service"),
        (lambda memory: memory.hosts.update(pool(4).hosts), "undivided pool"),
    ],
)
def test_where_no_canary_can_be_it_is_refused(spoil: object, why: str) -> None:
    memory = halves()
    spoil(memory)  # type: ignore[operator]
    with pytest.raises(Refused, match=why):
        canary.plan(canaries(memory), memory.world().eyes.look())


def test_a_rolling_release_is_refused_while_users_are_split() -> None:
    memory = halves()
    memory.splits["dc1"] = Split(((OLD, 9500), (NEW.version, 500)))
    with pytest.raises(Refused, match="a canary is under way"):
        rolling.plan(intent(memory), memory.world().eyes.look())


def test_a_rolling_release_gives_the_live_half_its_name() -> None:
    it = case(halves(), intent(halves()))
    assert it.run().end is End.DONE
    assert it.memory.splits == {site: Split(((NEW.version, WHOLE),)) for site in ("dc1", "dc2")}


def test_an_abort_at_once_moves_users_before_hosts() -> None:
    it, watch = watched(halves(), canaries(halves()))
    it.memory.faults.append(Fault("deploy", "before", step=next(_steps_after_half(it))))
    assert it.run().end is End.PUT_BACK
    assert not watch.wrong
    back = [verb for step_id, verb in it.memory.acts if step_id.startswith("1-")]
    assert back[:2] == ["shift", "shift"]
    assert Standing.UP is it.memory.hosts["dc1-web1"].standing()


def _steps_after_half(it: Case):  # type: ignore[no-untyped-def] # noqa: ANN202
    seen = False
    for number, _, _, step in it.plan.walk():
        seen = seen or (isinstance(step, Shift) and step.split.of(NEW.version) >= 5000)
        if seen and type(step).__name__ == "Deploy":
            yield f"0-{number}"


def test_a_crash_is_not_swallowed() -> None:
    it, _ = watched(halves(), canaries(halves()))
    it.journal.crash = (3, "before")
    with pytest.raises(Crash):
        it.run()
