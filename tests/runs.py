"""Runs in the world in memory: make one, walk it, and what must be true of it afterwards"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from deployer.brake import Brake
from deployer.engine import Engine
from deployer.events import Ended
from deployer.frozen import FREE, Terms
from deployer.model import Intent, Picture, Release, Undo
from deployer.plan import Plan
from deployer.progress import Progress, fold
from deployer.rules import Rules
from deployer.steps import hosts_of
from deployer.strategies import rolling
from tests.memory import Crash, Host, Memory, MemoryJournal, violations

NEW = Release("1.1")


def pool(size: int = 4, sites: tuple[str, ...] = ("dc1", "dc2"), slot: str = "") -> Memory:
    """Hosts named dc1-web1 ..., all in service with 1.0."""
    hosts = [Host(f"{site}-web{n}", site, slot=slot) for site in sites for n in range(1, size + 1)]
    return Memory({host.name: host for host in hosts})


def intent(
    memory: Memory,
    wave: int = 1,
    floor: int = 1,
    *,
    release: Release = NEW,
    only: tuple[str, ...] = (),
    abreast: int = 1,
    budget: int = 0,
    undo: Undo = Undo.STAGE,
    asks: bool = False,
) -> Intent:
    sites = tuple(dict.fromkeys(host.site for host in memory.hosts.values()))
    return Intent(
        "shop",
        release,
        "rolling",
        sites,
        dict.fromkeys(sites, wave),
        dict.fromkeys(sites, floor),
        only,
        abreast,
        budget,
        undo,
        asks,
        asks,
    )


@dataclass(slots=True)
class Case:
    """One world, its journal, and the plan that is walked in it."""

    memory: Memory
    plan: Plan
    picture: Picture
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    brake: Brake = field(default_factory=Brake)
    told: list[str] = field(default_factory=list)
    rules: Rules = field(default_factory=Rules)
    terms: Terms = FREE
    on_tell: Callable[[str], None] = lambda _line: None
    before: Memory = field(init=False)
    earlier: int = field(init=False)

    def __post_init__(self) -> None:
        self.before = still(self.memory)
        self.earlier = len(self.memory.history)

    def engine(self) -> Engine:
        return Engine(
            self.memory.world(),
            self.journal,
            self.brake,
            "ann@desk",
            self.journal.epoch,
            lambda record: self.told.append(type(record.event).__name__),
            lambda _step, line: self.on_tell(line),
            self.rules,
        )

    def run(self) -> Ended:
        return self.engine().run("r1", self.plan, self.picture, terms=self.terms)

    def resume(self) -> Ended:
        self.revive()
        return self.engine().resume("r1")

    def undo(self, scope: Undo = Undo.ALL) -> Ended:
        self.revive()
        return self.engine().undo("r1", scope, "ann wants it back")

    def revive(self) -> None:
        """Another orchestrator, with the next epoch."""
        self.journal.dead, self.journal.crash = False, None
        self.journal.epoch += 1
        self.brake = Brake()

    def to_the_end(self) -> Ended:
        """Run, and resume after the crash, if there is one."""
        try:
            return self.run()
        except Crash:
            if self.progress.end is not None:
                return self.progress.end  # only the return was lost
            return self.resume() if self.journal.records else self._again()

    def _again(self) -> Ended:
        self.revive()
        return self.run()

    @property
    def progress(self) -> Progress:
        return fold(self.journal.events("r1"))

    def broken(self) -> list[str]:
        """Every rule and promise this history broke."""
        history = self.memory.history[self.earlier :]
        found = violations(self.before, history, self.plan.intent.floor)
        if self.memory.prepared:
            found.append(f"prepared and never forgotten: {sorted(self.memory.prepared)}")
        left = set(self.progress.left_out) if self.progress.line == 0 else set()
        if len(left) > self.plan.intent.budget:
            found.append(f"budget: {sorted(left)} left out")
        planned = {host for step in self.plan.steps for host in hosts_of(step)}
        strange = {moment.host for moment in history if moment.what != "foreign"} - planned
        if strange:
            found.append(f"touched though not planned: {sorted(strange)}")
        return found


def case(memory: Memory, wanted: Intent, strategy: Callable[[Intent, Picture], Plan] = rolling.plan) -> Case:
    picture = memory.world().eyes.look()
    return Case(memory, strategy(wanted, picture), picture)


def still(memory: Memory) -> Memory:
    """How the world was at this moment: its hosts, copied."""
    return Memory({name: copy.copy(host) for name, host in memory.hosts.items()}, memory.balancers)


def releases(memory: Memory) -> Mapping[str, str | None]:
    return {host.name: host.running for host in memory.hosts.values()}


def all_serve(memory: Memory, release: str) -> bool:
    return all(host.in_service and host.running == release == host.link for host in memory.hosts.values())
