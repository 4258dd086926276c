"""All parts put together for one inventory"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployer import hooks
from deployer.artifact import find, marked
from deployer.cli import say
from deployer.cli.books import Books, open_books
from deployer.cli.options import Ground
from deployer.clock import WallClock
from deployer.evacuation import card as cards
from deployer.fleet import AnsibleFleet
from deployer.foretold import Forecast, forecast, pace
from deployer.gates.bake import Bake
from deployer.gates.beside import Beside, with_the_edge
from deployer.gates.checks import Checks
from deployer.gates.configured import config
from deployer.gates.desk import Desk, Gate, Person
from deployer.gates.foretell import Bakes, bakes, measure, uncompared
from deployer.gates.metrics import MetricGate, Patience
from deployer.gates.sites import EdgeCounters
from deployer.gates.sources import source
from deployer.inventory.reading import estate as read_estate
from deployer.inventory.reading import only
from deployer.lineage import Lineage, lineage
from deployer.look import Lookout
from deployer.machines import Estate
from deployer.model import Picture, Release
from deployer.plan import Plan
from deployer.playbooks import Ansible
from deployer.probe import HttpProbe
from deployer.report.words import count
from deployer.settings.file import read
from deployer.settings.home import state_directory
from deployer.settings.place import settings_file
from deployer.settings.values import Settings
from deployer.ssh import Ssh
from deployer.steps import Ask
from deployer.store import open_store
from deployer.strategies.checked import POINTS, gate
from deployer.strategies.restore import SITE, SITES
from deployer.strategies.rolling import METRICS
from deployer.strategies.squeeze import SQUEEZE
from deployer.traffic.live import LiveTraffic
from deployer.world import World

_REACHED = 1000
"""So many requests at other sites and none at the one that is judged: nobody reaches it."""
_REMEMBERED, _MEASURED = 200, 5
"""How many of the last runs say which release came after which, and how long a verb takes."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """Everything a verb needs that touches machines."""

    ground: Ground
    settings: Settings
    estate: Estate
    books: Books
    ssh: Ssh
    traffic: LiveTraffic
    world: World

    def limited_to(self, pattern: str) -> tuple[str, ...]:
        """The hosts a --limit means; empty: all."""
        return only(self.ground.inventory, self.settings, pattern, self.ground.asking) if pattern else ()

    def release(self, version: str, sha256: str = "", *, irreversible: bool = False) -> Release:
        """Raises PreflightFailed when the artifact or its digest is not there, or they do not fit."""
        return find(self.settings.release.artifact, version, sha256, irreversible=irreversible)

    def lineage(self, running: Collection[str] = ()) -> Lineage:
        """The releases that came one after the other here; those that run now are looked up where artifacts lie."""
        marked_ones = [version for version in running if marked(self.settings.release.artifact, version)]
        return lineage(self.books.past(_REMEMBERED), marked_ones)

    def bakes(self, plan: Plan, picture: Picture) -> Bakes:
        """How long each question must be asked, where there is a gate that measures."""
        values = self.settings.gate
        if values is None or not any(isinstance(step, Ask) and step.gate == METRICS for step in plan.steps):
            return Bakes({}, tuple(uncompared(plan)))
        told, origin = config(values), source(values.source, self.estate, self.ssh)
        measured = measure(plan, picture, told, origin, self.world.clock)
        return bakes(plan, told, values.max_bake, measured)

    def forecast(self, plan: Plan, picture: Picture) -> Forecast:
        return forecast(plan, picture, pace(self.books.past(_MEASURED)))


@contextmanager
def workplace(ground: Ground, *, read_only: bool = False) -> Iterator[Workplace]:
    """Settings and inventory are read and judged; no machine is touched yet."""
    settings = read(settings_file(ground.inventory))
    how = ground.asking
    estate = read_estate(ground.inventory, settings, how)
    if not read_only:
        machines = f"{count(len(estate.hosts), 'host')} and {count(len(estate.balancers), 'balancer')}"
        say.meanwhile(f"{settings.service}: looking at {machines} ...")
    cards.keep(
        ground.inventory,
        cards.made(estate, settings, cards.digest(ground.inventory, how), cards.measured(ground.inventory)),
    )
    estate = estate.sudo_with(ground.become_password)
    store = open_store(settings.state, read_only=read_only)
    ssh = Ssh(estate.logins())
    try:
        traffic = LiveTraffic(estate, settings, ssh, WallClock(), hooks.of(settings, ground.inventory, how.arguments()))
        world = _world(ground, estate, settings, traffic, ssh)
        opened = open_books(settings.service, store)
        if not read_only:
            opened.catch_up()
        yield Workplace(ground, settings, estate, opened, ssh, traffic, world)
    finally:
        ssh.close()
        store.close()


def _world(ground: Ground, estate: Estate, settings: Settings, traffic: LiveTraffic, ssh: Ssh) -> World:
    clock = WallClock()
    probe = HttpProbe(estate, settings.app, clock)
    fleet = AnsibleFleet(estate, settings, _state(settings), _ansible(ground))
    folder = settings_file(ground.inventory).parent
    checks = {
        gate(point): Checks(
            {name: check for name, check in settings.checks.items() if point in check.at},
            estate,
            folder,
            clock,
            fleet.play,
        )
        for point in POINTS
    }
    return World(
        traffic=traffic,
        fleet=fleet,
        probe=probe,
        gates=_desk({**_watching(traffic, clock), **checks}, estate, settings, traffic, ssh),
        clock=clock,
        eyes=Lookout(estate, traffic, probe),
    )


def _watching(traffic: LiveTraffic, clock: WallClock) -> dict[str, Gate]:
    """Gates that need nothing but the balancers, and a person."""
    beside = Bake(EdgeCounters(traffic), clock, reached=_REACHED)
    return {"bake": Bake(traffic, clock), SITE: beside, "person": Person(), SQUEEZE: traffic.squeeze}


def _desk(gates: Mapping[str, Gate], estate: Estate, settings: Settings, traffic: LiveTraffic, ssh: Ssh) -> Desk:
    """With the metric gate where deployer.yml has one."""
    values = settings.gate
    if values is None:
        return Desk(gates)
    patience = Patience(values.max_bake, values.wait, values.warm_up, values.every)
    origin, told, clock = source(values.source, estate, ssh), config(values), WallClock()
    beside = Beside(origin, {host.name: host.site for host in estate.hosts}, traffic)
    metrics = {
        METRICS: MetricGate(origin, told, traffic, clock, patience),
        SITES: MetricGate(beside, with_the_edge(told), EdgeCounters(traffic), clock, patience),
    }
    return Desk({**gates, **metrics})


def _ansible(ground: Ground) -> Ansible:
    vault = (ground.vault_password_file,) if ground.vault_password_file else ()
    return Ansible(extra_vars=ground.extra_vars, vault_password_files=vault, become_password=ground.become_password)


def _state(settings: Settings) -> Path:
    """A folder for what is under way: beside the journal when that is a file."""
    beside = settings.state.removeprefix("sqlite:///")
    return Path(beside).parent if beside != settings.state else state_directory()
