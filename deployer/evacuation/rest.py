"""What the other sites can carry, asked of their balancers while the edge is looked at; nobody waits long for it"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Thread

from deployer.errors import DeployerError, Refused
from deployer.machines import Balancer
from deployer.model import WHOLE, Capacity, Standing
from deployer.ssh import Ssh
from deployer.traffic.asked import see

PATIENCE = 3.0
"""Seconds. A site whose balancers are silent is evacuated to all the same: unknown is not too small."""


@dataclass(frozen=True, slots=True)
class Rest:
    """The other sites: hosts in service and out of it, as all balancers that answered see them."""

    serving: tuple[str, ...]
    out: tuple[str, ...]
    silent: tuple[str, ...] = ()

    def carried(self, allowed: Mapping[str, float]) -> float:
        return sum(allowed[host] for host in self.serving)

    def refuse(self, site: str, load: float, allowed: Mapping[str, float], way_out: str) -> None:
        """Raises Refused: they cannot carry everybody. Not where nobody answered."""
        lack = Capacity(load, allowed).lacks("the rest", WHOLE, self.serving)
        if lack and (self.serving or self.out):
            out = f"; out of service there: {', '.join(self.out)}" if self.out else ""
            raise Refused(
                f"without {site} too little is left: {lack}{out}",
                where=site,
                remedy=f"{way_out}, which brings those back first; or --emergency --reason 'why'"
                if self.out
                else "--emergency --reason 'why' does it all the same",
            )


def asking(ssh: Ssh, balancers: Sequence[Balancer], hosts: Sequence[tuple[str, str]]) -> Callable[[], Rest]:
    """Begins at once; what is returned waits for the answers. `hosts` are (name, site) of the other sites."""
    by_name = {one.name: one for one in balancers}
    found: dict[str, Callable[[str], Standing]] = {}

    def ask(name: str) -> None:
        try:
            found[name] = see(ssh, by_name[name]).standing
        except DeployerError:
            return

    threads = [Thread(target=ask, args=(name,), daemon=True) for name in by_name]
    for thread in threads:
        thread.start()

    def wait() -> Rest:
        for thread in threads:
            thread.join(PATIENCE)
        told = dict(found)
        known = {by_name[name].site for name in told}
        up = tuple(host for host, site in hosts if site in known and _up(host, site, by_name, told))
        out = tuple(host for host, site in hosts if site in known and host not in up)
        return Rest(up, out, tuple(name for name in by_name if name not in told))

    return wait


def _up(host: str, site: str, by_name: dict[str, Balancer], told: dict[str, Callable[[str], Standing]]) -> bool:
    return all(standing(host) is Standing.UP for name, standing in told.items() if by_name[name].site == site)
