"""Looking: the balancers' views and the hosts' own words, put together to a picture"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deployer.machines import Estate
from deployer.model import HostSeen, Picture
from deployer.world import Probe, Running, Traffic


@dataclass(frozen=True, slots=True)
class Lookout:
    """The eyes of a run over an estate."""

    estate: Estate
    traffic: Traffic
    probe: Probe

    def look(self) -> Picture:
        return self._picture(self.estate.sites, tuple(host.name for host in self.estate.hosts))

    def glance(self, site: str, hosts: Sequence[str]) -> Picture:
        return self._picture((site,), hosts)

    def _picture(self, sites: Sequence[str], probed: Sequence[str]) -> Picture:
        traffic = self.traffic.look(sites)
        running = self.probe.look(probed) if probed else {}
        hosts = {}
        for host in self.estate.hosts:
            if host.site in sites:
                own = running.get(host.name, Running(host.name))
                views = traffic.views.get(host.name, ())
                hosts[host.name] = HostSeen(host.name, host.site, own.version, own.healthy, views)
        return Picture(hosts, traffic.splits, traffic.slots)
