"""What every verb stands on: estate, settings, ways to machines, time"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deployer.errors import DeployerError, StepFailed
from deployer.fence import act
from deployer.machines import Balancer, Estate, Host
from deployer.settings.values import Settings
from deployer.ssh import Ssh
from deployer.traffic.asked import see
from deployer.traffic.haproxy import Seen
from deployer.world import Clock, Order

OFTEN = 0.05
TELL = 0.5
AHEAD = 60


@dataclass(frozen=True, slots=True)
class Ground:
    estate: Estate
    settings: Settings
    ssh: Ssh
    clock: Clock

    @property
    def service(self) -> str:
        return self.settings.service

    def hosts(self, names: Sequence[str]) -> tuple[Host, ...]:
        known = self.estate.by_name
        for name in names:
            if name not in known:
                raise StepFailed(f"no host {name!r}; known are {', '.join(known)}", hosts=(name,))
        return tuple(known[name] for name in names)

    def asked(self, site: str) -> tuple[Balancer, ...]:
        """The balancers of the site that can be asked and told."""
        return tuple(balancer for balancer in self.estate.balancers_at(site) if balancer.kind != "opaque")

    def nginxes(self, site: str) -> tuple[Balancer, ...]:
        return tuple(balancer for balancer in self.estate.balancers_at(site) if balancer.kind == "nginx")

    def opaque(self, site: str) -> tuple[Balancer, ...]:
        return tuple(balancer for balancer in self.estate.balancers_at(site) if balancer.kind == "opaque")

    def on_hosts(self, hosts: Sequence[Host], act: Callable[[Host], None]) -> None:
        """`act` on all hosts at once.

        Raises:
            StepFailed, Unreachable: what went wrong first, naming its host.
        """
        by_name = {host.name: host for host in hosts}
        for name, answer in self.ssh.each(by_name, lambda name: act(by_name[name])).items():
            if isinstance(answer, StepFailed):
                answer.hosts = answer.hosts or (name,)
            if isinstance(answer, DeployerError):
                raise answer

    def soon(self, site: str) -> None:
        """The site's hosts will follow each other: opening a line takes longer than the act it is for."""
        self.ssh.soon(host.name for host in self.estate.hosts_at(site)[:AHEAD])

    def see(self, site: str) -> tuple[Seen | DeployerError, ...]:
        """Every balancer of the site at once; what went wrong stands in its place."""
        balancers = {balancer.name: balancer for balancer in self.asked(site)}
        return tuple(self.ssh.each(balancers, lambda name: see(self.ssh, balancers[name])).values())

    def fence(self, site: str, order: Order) -> None:
        """Every balancer of the site knows that this run acts, and none knows a newer one."""
        balancers = {balancer.name: balancer for balancer in self.asked(site)}
        done = self.ssh.each(balancers, lambda name: act(self.ssh, balancers[name], self.service, order))
        for answer in done.values():
            if isinstance(answer, DeployerError):
                raise answer


class Waiting:
    """Looks often, says what for at most twice a second, and knows how long it has been."""

    def __init__(self, clock: Clock, order: Order) -> None:
        self._clock, self._order = clock, order
        self._begun = clock.monotonic()
        self._told = -TELL

    @property
    def seconds(self) -> float:
        return self._clock.monotonic() - self._begun

    def pause(self, what: str) -> None:
        """Tells, then sleeps a moment.

        Raises:
            StepFailed: the operator wants the run to stop.
        """
        if self._order.stopping():
            raise StepFailed(f"stopped while waiting for {what}")
        self.linger(what)

    def linger(self, what: str) -> None:
        """The same for a wait that ends by itself, and is better finished."""
        if self.seconds - self._told >= TELL:
            self._told = self.seconds
            self._order.tell(f"waiting for {what}")
        self._clock.sleep(OFTEN)
