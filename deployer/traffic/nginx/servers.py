"""The file with the servers of one slot: each line a host, named by its comment, `down` or not

Everything else on a line (address, weight, backup …) is the operator's, and stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from deployer.machines import Host


@dataclass(frozen=True, slots=True)
class _Server:
    name: str
    words: tuple[str, ...]

    @property
    def up(self) -> bool:
        return "down" not in self.words

    def turned(self, *, up: bool) -> str:
        words = [word for word in self.words if word != "down"]
        return f"{' '.join(words if up else [*words, 'down'])}; # {self.name}"


def up(text: str) -> Mapping[str, bool]:
    """Host name to whether this slot sends it requests, in the order of the file."""
    return {server.name: server.up for server in map(_server, text.splitlines()) if server}


def turned(text: str, hosts: Collection[str], *, up: bool) -> str:
    """The same file with these hosts `down` or not; a line that is so already is left as it was written."""
    return "".join(f"{line}\n" for line in _turned(text, hosts, up=up))


def first(hosts: Collection[Host], *, up: bool) -> str:
    """A new file, for a balancer that has none."""
    down = "" if up else " down"
    return "".join(f"server {_address(host)} weight=100 max_fails=0{down}; # {host.name}\n" for host in hosts)


def _turned(text: str, hosts: Collection[str], *, up: bool) -> Iterator[str]:
    for line in text.splitlines():
        server = _server(line)
        changes = server is not None and server.name in hosts and server.up != up
        yield server.turned(up=up) if server and changes else line


def _server(line: str) -> _Server | None:
    said, found, comment = line.partition(";")
    words = tuple(said.split())
    name = comment.strip().removeprefix("#").strip().partition(" ")[0]
    if not found or words[:1] != ("server",) or not name:
        return None
    return _Server(name, words)


def _address(host: Host) -> str:
    return f"[{host.address}]:{host.port}" if ":" in host.address else f"{host.address}:{host.port}"
