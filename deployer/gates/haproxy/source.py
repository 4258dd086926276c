"""The source `haproxy`: needs no server but the balancers that are there"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from deployer.clock import WallClock
from deployer.gates.haproxy.counted import LINGER
from deployer.gates.haproxy.watch import ERRORS, LATENCY, HaproxyWatch
from deployer.gates.source import Found, Question
from deployer.machines import Estate
from deployer.ssh import Ssh
from deployer.world import Clock

_REMEDY = "see balancers in deployer.yml; deployer traffic render shows the log lines a balancer needs"
_SHORTLY = 10.0


@dataclass(frozen=True, slots=True)
class Haproxy:
    estate: Estate
    ssh: Ssh
    clock: Clock = field(default_factory=WallClock)
    linger: float = LINGER

    @property
    def name(self) -> str:
        return "the balancers"

    @property
    def knows(self) -> tuple[str, ...]:
        return (ERRORS, LATENCY)

    def open(self, question: Question) -> HaproxyWatch:
        return HaproxyWatch(question, self.estate, self.ssh, self.clock, self.linger)

    def examine(self, question: Question) -> Iterator[Found]:
        """Two looks at every balancer."""
        watch = HaproxyWatch(question, self.estate, self.ssh, self.clock, _SHORTLY)
        for fault in watch.read(self.clock.now()).faults:
            yield Found(self.name, fault.what, _REMEDY)
        for one in watch.watched.values():
            if not one.faults:
                logs = f", logs to {one.balancer.log}" if one.edges else ""
                yield Found(f"balancer {one.balancer.name}", f"counts each server's answers{logs}")
