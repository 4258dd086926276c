"""A host's own established connections on its service port, told by its kernel"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

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
        _, local, peer, *_ = line.split()
        yield _address(local), _address(peer), int(peer.partition(":")[2], 16)


def _address(packed: str) -> str:
    """`0100007F:1F90` of /proc/net/tcp: 32-bit words in the machine's byte order, which is little-endian here."""
    words = packed.partition(":")[0]
    raw = b"".join(bytes.fromhex(words[start : start + 8])[::-1] for start in range(0, len(words), 8))
    if len(raw) == 4:  # noqa: PLR2004 - IPv4
        return str(IPv4Address(raw))
    address = IPv6Address(raw)
    return str(address.ipv4_mapped or address)
