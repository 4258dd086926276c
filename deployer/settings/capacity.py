"""What hosts can carry, as deployer.yml has it"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import Field

from deployer.settings.howmany import percent
from deployer.settings.kinds import Percent, Values


class CapacityValues(Values):
    """A site's share of the users is never raised above what its hosts in service can carry."""

    requests_per_host: int = Field(default=0, ge=0)
    """requests/s that one host carries at the latency you promise; 0 = not known, and not judged"""
    headroom: Percent = "20%"
    """how much of it is kept free"""

    @property
    def usable(self) -> float:
        """The part of a host's capacity that may be used."""
        return 1 - (percent(self.headroom) or 0) / 10_000

    def allowed(self, hosts: Iterable[str], measured: Mapping[str, float]) -> dict[str, float]:
        """Requests/s that each host may be given: by what a squeeze `measured`, else as is said here, else as the
        weakest that was measured; empty where nothing is known.
        """
        known = self.requests_per_host or min(measured.values(), default=0.0)
        return {host: measured.get(host, known) * self.usable for host in hosts} if known else {}
