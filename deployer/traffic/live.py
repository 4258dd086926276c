"""The Traffic port over real balancers"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Lock

from deployer.gates.bake import Counts
from deployer.hooks import NO_HOOKS, Hooks
from deployer.machines import Estate
from deployer.model import Split
from deployer.settings.values import Settings
from deployer.ssh import Ssh
from deployer.steps import Drain, Readmit, Shift
from deployer.traffic import at_the_edge, faults
from deployer.traffic.aftermath import A_MOMENT, Aftermath
from deployer.traffic.answered import answered
from deployer.traffic.behind import Behind
from deployer.traffic.counts import counts
from deployer.traffic.drain import drain
from deployer.traffic.ground import Ground
from deployer.traffic.look import look
from deployer.traffic.mend import mend
from deployer.traffic.readmit import readmit
from deployer.traffic.shift import shift
from deployer.traffic.squeeze import Squeeze
from deployer.traffic.told import Told, told
from deployer.traffic.users import users
from deployer.world import Clock, Order, Outcome, TrafficSeen


class LiveTraffic:
    """Who receives requests, asked and changed over SSH."""

    def __init__(self, estate: Estate, settings: Settings, ssh: Ssh, clock: Clock, hooks: Hooks = NO_HOOKS) -> None:
        self._ground = Ground(estate, settings, ssh, clock)
        self._turn = Lock()
        self.dns = Behind(estate.dns, clock, self.edge) if estate.dns else None
        """What follows the edge, where there is something."""
        self._after = Aftermath(self.dns, hooks)
        self.squeeze = Squeeze(self._ground, settings.squeeze)

    def edge(self) -> Split | None:
        """What the edge has now; None where it cannot be learned of every node, or they disagree."""
        seen = look(self._ground, ())
        return None if seen.complaints else seen.splits.get("edge")

    def look(self, sites: Sequence[str]) -> TrafficSeen:
        return look(self._ground, sites)

    def counts(self, sites: Sequence[str]) -> Mapping[tuple[str, str], Counts]:
        return counts(self._ground, sites)

    def answered(self) -> Mapping[str, Mapping[str, Counts]]:
        """What users of each site got, by the machine that counted."""
        return answered(self._ground)

    def at_the_edge(self) -> Mapping[tuple[str, str], Counts]:
        """Counts per (edge node, site)."""
        return at_the_edge.counts(self._ground)

    def load(self) -> float:
        """Requests/s of all users, as the edge counts them now."""
        return at_the_edge.load(self._ground)

    def users(self, sites: Sequence[str]) -> Mapping[tuple[str, str], int]:
        return users(self._ground, sites)

    def told(self, sites: Sequence[str], seconds: float) -> tuple[Told, ...]:
        return told(self._ground, sites, seconds, self._ground.clock)

    def drain(self, step: Drain, order: Order) -> Outcome:
        return drain(self._ground, step, order)

    def readmit(self, step: Readmit, order: Order) -> Outcome:
        return readmit(self._ground, step, order)

    def shift(self, step: Shift, order: Order) -> Outcome:
        before = self.edge() if step.scope == "edge" else None
        with self._turn:
            outcome = shift(self._ground, step, order)
        if step.scope != "edge":
            return outcome
        self._after.begin(before, step.split, order.run)
        return replace(outcome, note="; ".join((outcome.note, *self._after.wait(A_MOMENT, order.tell))))

    def inject(self, release: str, failing: int, delay: int, until: float, *, testers: bool) -> None:
        """Hundredths of a percent, milliseconds, UTC epoch seconds. Raises StepFailed, Unreachable: nowhere then."""
        faults.inject(self._ground, faults.Faults(release, failing, delay, int(until), testers))

    def calm(self) -> tuple[str, ...]:
        """No injected faults any more; sentences on where that is not certain."""
        return faults.calm(self._ground)

    def mend(self, sites: Sequence[str], order: Order) -> tuple[str, ...]:
        """Set again what the run had set, whoever walked it then, and somebody else changed; sentences on it."""
        return tuple(mend(self._ground, self._turn, sites, order))
