"""The files of an nginx balancer before its first change: everybody in slot a, or nobody yet, and no split"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from deployer.machines import Host
from deployer.traffic.nginx import servers, shell, tables
from deployer.traffic.wanted import NOTHING


def files(pool: str, hosts: Collection[Host], status: str, *, serving: bool = True) -> Mapping[str, str]:
    """Name to text, for the folder of the maps. `status` is the address:port of /deployer_status; hosts that serve
    nobody yet are `down` in both slots, until a first deployment readmits them.
    """
    slots = {slot: servers.first(hosts, up=serving and slot == "a") for slot in shell.SLOTS}
    split = tables.text(NOTHING, pool, (), "".join(slots.values()))
    named = {f"{pool}_{slot}.servers": text for slot, text in slots.items()}
    return {**named, "split.conf": split, "status": f"{status}\n"}
