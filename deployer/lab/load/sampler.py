"""Which hosts are in service, as every balancer sees it, all the time"""

from __future__ import annotations

import asyncio
import csv
import time
from contextlib import suppress
from dataclasses import dataclass, field

from deployer.lab import nginx_balancer
from deployer.lab.layout import SITES, Lab, Machine

EVERY = 0.2
PATIENCE = 2.0
POOL = "shop"


@dataclass(slots=True)
class Sampler:
    """In service means: every balancer of its site that answers sends it new requests."""

    lab: Lab
    samples: int = 0
    silent: int = 0
    lowest: dict[str, int] = field(default_factory=dict)
    away: dict[str, list[list[float]]] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            began = time.monotonic()
            await self._sample()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.01, EVERY - (time.monotonic() - began)))
        for host in tuple(self._since):
            self._back(host, time.time())

    def result(self) -> dict[str, object]:
        return {
            "samples": self.samples,
            "silent_balancers": self.silent,
            "lowest_in_service": self.lowest,
            "out_of_pool": self.away,
            "out_of_pool_seconds": {
                host: round(sum(end - begin for begin, end in spans), 2) for host, spans in self.away.items()
            },
        }

    async def _sample(self) -> None:
        for site in SITES:
            seen = [up for up in [await _up(one) for one in self.lab.of_site(site, "lb")] if up is not None]
            self.silent += len(self.lab.of_site(site, "lb")) - len(seen)
            if not seen:
                continue
            hosts = {host.name for host in self.lab.of_site(site, "web")}
            serving = hosts.intersection(*seen)
            self.lowest[site] = min(self.lowest.get(site, len(serving)), len(serving))
            now = time.time()
            for host in hosts - serving:
                self._since.setdefault(host, now)
            for host in serving & self._since.keys():
                self._back(host, now)
        self.samples += 1

    def _back(self, host: str, now: float) -> None:
        self.away.setdefault(host, []).append([self._since.pop(host), now])


async def _up(balancer: Machine) -> set[str] | None:
    """The hosts this balancer sends new requests to; None when it does not answer."""
    if nginx_balancer.is_one(balancer):
        return set(nginx_balancer.up(balancer))
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_unix_connection(str(balancer.socket), limit=1 << 20)
            writer.write(b"show stat -1 4 -1\n")
            said = (await reader.read(-1)).decode()
            writer.close()
    except (OSError, TimeoutError):
        return None
    rows = csv.DictReader(said.lstrip("# ").splitlines())
    return {row["svname"] for row in rows if row["pxname"].startswith(f"{POOL}_") and row["status"].startswith("UP")}
