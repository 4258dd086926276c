"""A host's own connections on its service port, told by its kernel"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address

from deployer.errors import StepFailed
from deployer.machines import Host
from deployer.ssh import Ssh


def peers(ssh: Ssh, host: Host) -> tuple[str, ...]:
    """The other end of each established connection to the host's service address and port, "10.0.0.9:41234".

    On whichever of its addresses they came in: what we know it by may be a name, or stand behind NAT.
    """
    answer = ssh.ask(host.name, "tcp", str(host.port))
    if not answer.ok:
        raise StepFailed(f"cannot list its connections: {answer.complaint}", where=host.name)
    found = tuple(_ends(answer.out))
    if host.address.startswith("127."):  # many machines of a lab share one kernel
        return tuple(f"{peer}:{port}" for local, peer, port in found if local == host.address)
    # what the host asks itself (an agent on it) is no user
    return tuple(f"{peer}:{port}" for local, peer, port in found if not local.startswith("127.") and peer != local)


def _ends(table: str) -> Iterator[tuple[str, str, int]]:
    """Local address, peer's address and port."""
    for line in table.splitlines():
        local, peer = (end.rpartition(":") for end in line.split()[-2:])
        yield _plain(local[0]), _plain(peer[0]), int(peer[2])


def _plain(address: str) -> str:
    """Without brackets and interface; IPv4 behind an IPv6 socket as IPv4."""
    found = ip_address(address.strip("[]").partition("%")[0])
    return str((found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found)
