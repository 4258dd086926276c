"""Faults for drills, on HAProxy: a part of one release's requests fails or waits, until a moment

They stand in faults.map at run time only, whose file stays empty, so a reload ends them; and each is written with the
second at which it ends, so nobody has to be there then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deployer.errors import DeployerError, StepFailed
from deployer.machines import Balancer
from deployer.ssh import Ssh
from deployer.traffic.ground import Ground
from deployer.traffic.haproxy import api
from deployer.traffic.mapped import path
from deployer.traffic.runtime import refused

MAP = "faults.map"


@dataclass(frozen=True, slots=True)
class Faults:
    """Of `release`: `failing` hundredths of a percent of its requests are answered 500, the others wait `delay` ms.

    Over at `until` (UTC epoch seconds, by the balancer's clock); with `testers` only requests that name the release.
    """

    release: str
    failing: int
    delay: int
    until: int
    testers: bool = False

    def entries(self) -> Iterator[tuple[str, int]]:
        yield f"{self.release}/abort", self.failing
        yield f"{self.release}/delay", self.delay
        if self.testers:
            yield f"{self.release}/testers", 1
        yield f"{self.release}/until", self.until  # last: it makes the others count


def inject(ground: Ground, faults: Faults) -> None:
    """On every balancer of every site, or on none.

    Raises:
        StepFailed, Unreachable: a balancer cannot do it; what the others had is gone again.
    """
    balancers = _all(ground)
    lines = [f"add map {{}} {key} {value}" for key, value in faults.entries()]
    wrong = _told(ground, balancers, lines)
    if wrong:
        calm(ground)
        raise next(iter(wrong.values()))


def calm(ground: Ground) -> tuple[str, ...]:
    """No faults any more; sentences on balancers where that is not certain: theirs end by themselves."""
    wrong = _told(ground, _all(ground), [])
    return tuple(f"{name}: {error.what}; its faults end by themselves" for name, error in wrong.items())


def _all(ground: Ground) -> Mapping[str, Balancer]:
    return {one.name: one for site in ground.estate.sites for one in ground.asked(site)}


def _told(ground: Ground, balancers: Mapping[str, Balancer], lines: list[str]) -> Mapping[str, DeployerError]:
    said = ground.ssh.each(balancers, lambda name: _tell(ground.ssh, balancers[name], lines))
    return {name: error for name, error in said.items() if isinstance(error, DeployerError)}


def _tell(ssh: Ssh, balancer: Balancer, lines: list[str]) -> None:
    if balancer.kind != "haproxy" or not balancer.maps:
        raise StepFailed("only HAProxy with maps can inject faults", where=balancer.name)
    file = path(balancer, MAP)
    commands = [f"clear map {file}", *(line.format(file) for line in lines)]
    said = api(ssh, balancer, ";".join(commands)).strip()
    if "map identifier" in said.lower():
        raise StepFailed(
            "its configuration has no faults.map",
            where=balancer.name,
            remedy="balancer_faults in its variables, then playbooks/provision.yml",
        )
    if said:
        raise refused(balancer, commands[0], said)
