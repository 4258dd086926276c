"""Whole nights: deployments, evacuations, restores, crashes and resumes in any order keep every rule, and end well"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest

from deployer.brake import Brake
from deployer.edge.seen import Seen, Site
from deployer.engine import Engine
from deployer.errors import Refused
from deployer.evacuation import judgement
from deployer.evacuation.plan import plan as evacuation
from deployer.events import Begun, Done, End, Ended, Planned, Taken
from deployer.model import WHOLE, Picture, Release, Split, Undo, Verdict
from deployer.plan import Plan
from deployer.progress import fold
from deployer.strategies import restore, rolling
from deployer.world import Outcome
from tests.memory import Crash, MemoryJournal, violations
from tests.runs import all_serve, intent, pool, still

SITES = ("dc1", "dc2")
RUNGS = (100, 1_000, 2_500, 5_000)
FLOOR = 2


@dataclass
class Night:
    """One service under operators who may do anything at any time; the dice say what."""

    dice: random.Random
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    release: int = 0
    runs: int = 0
    unfinished: list[str] = field(default_factory=list)
    did: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.memory = pool(4, SITES)
        self.memory.splits["edge"] = Split(tuple((site, WHOLE // 2) for site in SITES))
        self.start = still(self.memory)
        self.memory.on_act = lambda _n, _step, _order: self.look()

    def look(self) -> None:
        """Nobody is ever sent to a site that cannot serve him."""
        for site, share in self.memory.splits["edge"].shares:
            serving = sum(host.site == site and host.in_service for host in self.memory.hosts.values())
            if share and serving < FLOOR:
                self.wrong.append(f"{share / 100} % at {site}, where {serving} serve, after {self.did}")

    def deploy(self) -> None:
        if self.unfinished:
            return self.resume()
        self.release += 1
        version = f"2.{self.release}"
        if self.dice.random() < 0.3:
            self.memory.bad.add((self.dice.choice(list(self.memory.hosts)), version))
        wanted = intent(self.memory, floor=FLOOR, release=Release(version), undo=Undo.ALL)
        picture = self.memory.world().eyes.look()
        return self.walk(rolling.plan(wanted, picture), picture)

    def restore(self, *, sure: bool = False) -> None:
        site = self.dice.choice(SITES)
        picture = self.memory.world().eyes.look()
        bad = not sure and self.dice.random() < 0.3
        self.memory.verdicts["site"] = [Verdict.PASS, Verdict.FAIL] if bad else []
        before = self.memory.splits["edge"]
        wanted = replace(intent(self.memory, floor=FLOOR, release=Release("none"), undo=Undo.ALL), strategy="restore")
        try:
            drawn = restore.plan(wanted, picture, site, RUNGS, 1)
        except Refused:
            self.did.append(f"restore {site} refused")
            return
        self.walk(drawn, picture, sure=sure)
        if bad and len(drawn.legs) > 1 and not self.unfinished and self.memory.splits["edge"] != before:
            self.wrong.append(f"a FAIL left {self.memory.splits['edge']}")

    def evacuate(self) -> None:
        """As the fast path does it: judged on the node, next epoch, one act, written down."""
        site = self.dice.choice(SITES)
        before = self.memory.splits["edge"]
        try:
            raised = judgement.raising(self._node(), site, emergency=False)
        except Refused:
            self.did.append(f"evacuate {site} refused")
            return
        assert raised == 0
        self.journal.epoch += 1
        self.memory.splits["edge"] = judgement.without(before, site)
        self.did.append(f"evacuate {site}")
        run, epoch = self._name(), self.journal.epoch
        drawn = evacuation("shop", SITES, before, site)
        self.journal.append(run, Planned("ann", drawn, Picture({}, {"edge": before})), Taken("ann", epoch), epoch=epoch)
        self.journal.append(run, Begun(0, 1, (), before), Done(0, 1, Outcome()), Ended(End.DONE), epoch=epoch)
        self.look()

    def resume(self) -> None:
        if self.unfinished:
            self.go(self.unfinished[-1], None)

    def walk(self, drawn: Plan, picture: Picture, *, sure: bool = False) -> None:
        if drawn.legs:
            self.go(self._name(), (drawn, picture), sure=sure)

    def go(self, run: str, new: tuple[Plan, Picture] | None, *, sure: bool = False) -> None:
        """To its end, or until it is killed, or somebody evacuates meanwhile."""
        self.journal.dead, self.journal.crash, self.journal.epoch = False, None, self.journal.epoch + 1
        fate = "" if sure else self.dice.choice(("", "killed", "overtaken"))
        at = self.journal.writes + self.dice.randint(1, 12)
        if fate == "killed":
            self.journal.crash = (at, self.dice.choice(("before", "after")))
        if fate == "overtaken":
            self.journal.on_write = lambda n: self._meanwhile() if n == at else None
        engine = Engine(
            self.memory.world(),
            self.journal,
            Brake(),
            "ann",
            self.journal.epoch,
            lambda _record: None,
            lambda _step, _line: None,
        )
        try:
            ended = engine.run(run, *new).end if new else engine.resume(run).end
        except Crash:
            ended = None
        self.journal.on_write = lambda _n: None
        self.journal.dead, self.journal.crash = False, None
        self.memory.prepared.clear()
        written = fold(self.journal.events(run))
        self.did.append(f"{run} {ended.value if ended else 'killed'}")
        left = [one for one in self.unfinished if one != run]
        over = written.end is not None and written.end.end in (End.DONE, End.PUT_BACK)
        self.unfinished = left if over or not written.lines else [*left, run]
        if ended is End.HALF_WAY:
            self.wrong.append(f"half-way: {written.end and written.end.note}, after {self.did}")

    @property
    def newest(self) -> str:
        """The release of the last deployment that was done."""
        done = "1.0"
        for run in dict.fromkeys(record.run for record in self.journal.records):
            progress = fold(self.journal.events(run))
            if progress.plan.intent.strategy == "rolling" and progress.end and progress.end.end is End.DONE:
                done = progress.plan.intent.release.version
        return done

    def _meanwhile(self) -> None:
        self.journal.on_write = lambda _n: None
        self.evacuate()

    def _node(self) -> Seen:
        sites = []
        for site, share in self.memory.splits["edge"].shares:
            up = any(host.site == site and host.in_service for host in self.memory.hosts.values())
            sites.append(Site(site, ((site, share // 100),), up, 0, 0, 0, sticky=False, maint=False))
        return Seen("edge1", f"{self.journal.epoch} x", tuple(sites))

    def _name(self) -> str:
        self.runs += 1
        return f"r{self.runs}"


@pytest.mark.parametrize("seed", range(80))
def test_a_night_keeps_every_rule_and_ends_well(seed: int) -> None:
    night = Night(random.Random(seed))
    for _ in range(12):
        night.dice.choice((night.deploy, night.evacuate, night.restore, night.resume))()
    calm(night)
    assert night.wrong == []
    assert violations(night.start, night.memory.history, dict.fromkeys(SITES, FLOOR)) == [], night.did
    assert night.unfinished == [], night.did
    assert all_serve(night.memory, night.newest), night.did
    assert night.memory.splits["edge"] == Split((("dc1", 5_000), ("dc2", 5_000))), night.did


def calm(night: Night) -> None:
    """In the morning somebody finishes what stands still, and brings every site back."""
    for _ in range(10):
        if night.unfinished:
            night.memory.verdicts["site"] = []
            night.go(night.unfinished[-1], None, sure=True)
    for _ in range(20):
        if night.memory.splits["edge"].of("dc1") != WHOLE // 2:
            night.restore(sure=True)
