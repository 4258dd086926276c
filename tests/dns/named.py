"""A real BIND on loopback addresses: a primary that takes signed updates, and a secondary that follows it"""

from __future__ import annotations

import base64
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from deployer.machines import Dns
from tests.ssh.parts import kill, until

NAME = "www.app.test"
ADDRESSES = (("dc1", ("192.0.2.1",)), ("dc2", ("198.51.100.1",)))
KEY = 'key "deployer" {{\n\talgorithm hmac-sha256;\n\tsecret "{secret}";\n}};\n'
OPTIONS = """\
include "{folder}/known.key";
options {{
    directory "{folder}"; pid-file "{folder}/named.pid"; session-keyfile "{folder}/session.key";
    listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion no; dnssec-validation no; notify explicit; allow-transfer {{ any; }};
    minimal-responses yes; notify-delay 0; startup-notify-rate 100; serial-query-rate 100;
    min-refresh-time 1; max-refresh-time 2; min-retry-time 1; max-retry-time 2;
}};
controls {{ }};
zone "app.test" {{ {zone} }};
"""
ZONE = """\
$TTL 30
@ IN SOA ns1 hostmaster 1 60 5 600 30
@ IN NS ns1
ns1 IN A 127.0.0.1
www IN A 192.0.2.1
www IN A 198.51.100.1
other IN A 192.0.2.99
"""


@dataclass(slots=True)
class Named:
    """One server in a folder of its own."""

    folder: Path
    port: int
    zone: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        facts = {"folder": self.folder, "port": self.port, "zone": self.zone}
        (self.folder / "named.conf").write_text(OPTIONS.format(**facts))
        log = (self.folder / "named.log").open("ab")
        self.process = subprocess.Popen(
            ["/usr/sbin/named", "-g", "-n", "1", "-c", f"{self.folder}/named.conf"],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        until(self.answers, f"named at {self.server} answers")

    def answers(self) -> bool:
        try:
            reply = dns.query.udp(dns.message.make_query("app.test", "SOA"), "127.0.0.1", timeout=2, port=self.port)
        except (dns.exception.Timeout, OSError):
            return False
        return bool(reply.answer)

    def signal(self, number: int) -> None:
        assert self.process
        kill(self.process.pid, number)  # type: ignore[arg-type]

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass(slots=True)
class Servers:
    """`primary` takes updates for www.app.test only, `secondary` follows; `key_file` is the operator's key."""

    folder: Path
    primary: Named
    secondary: Named
    key_file: Path
    addresses: tuple[tuple[str, tuple[str, ...]], ...] = field(default=ADDRESSES)

    @property
    def place(self) -> Dns:
        return Dns(
            kind="rfc2136",
            name=NAME,
            addresses=self.addresses,
            ttl=5,
            zone="app.test",
            server=self.primary.server,
            secondaries=(self.secondary.server,),
            key_file=str(self.key_file),
        )


def new_key(path: Path) -> None:
    path.write_text(KEY.format(secret=base64.b64encode(secrets.token_bytes(32)).decode()))


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """BIND listens only on addresses that an interface has, so these differ by their ports."""
    first, second = free_port(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    key_file = folder / "deployer.key"
    new_key(key_file)
    grant = "update-policy { grant deployer name www.app.test. A AAAA; };"
    primary = Named(
        folder / "primary", first, f'type primary; file "zone"; {grant} also-notify {{ 127.0.0.1 port {second}; }};'
    )
    secondary = Named(
        folder / "secondary", second, f'type secondary; file "zone"; primaries {{ 127.0.0.1 port {first}; }};'
    )
    with ExitStack() as stack:
        for named in (primary, secondary):
            named.folder.mkdir(parents=True)
            (named.folder / "known.key").write_text(key_file.read_text() if named is primary else "")
            if named is primary:
                (named.folder / "zone").write_text(ZONE)
            stack.callback(named.stop)
            named.start()
        yield Servers(folder, primary, secondary, key_file)


def free_port() -> int:
    """Nobody has it now, by TCP or UDP."""
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
        stream.bind(("127.0.0.1", 0))
        port: int = stream.getsockname()[1]
        datagram.bind(("127.0.0.1", port))
        return port
