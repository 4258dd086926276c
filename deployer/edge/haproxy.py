"""HAProxy as an edge node: weights of servers at run time, kept in its state file for a reload or a restart"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from deployer.edge.wish import Wish
from deployer.errors import StepFailed, Unreachable
from deployer.machines import EdgeNode
from deployer.traffic import stat
from deployer.traffic.runtime import API, refused
from deployer.traffic.stat import Row
from deployer.traffic.weights import weights as shares_as_weights

_SAID, _KEPT = "deployer-was-told", "deployer-keeps"


def look(edge: EdgeNode, *, probing: bool) -> str:
    """Shell that prints what `rows` reads. HAProxy always knows who is well."""
    del probing
    return f"{API}\n{_api(edge, f'show stat {edge.backend} 6 -1')}"


def rows(edge: EdgeNode, said: str) -> tuple[Row, ...]:
    """The servers, and the backend itself with its cookie.

    Raises:
        Unreachable: HAProxy does not answer.
        StepFailed: it has no such backend.
    """
    found = stat.rows(said)
    if any(row.server for row in found):
        return found
    words = " / ".join(said.strip().split("\n")[-3:]) or "no answer"
    if "No such proxy" in said or found:
        raise StepFailed(f"no server in backend {edge.backend}: {words}", where=edge.name, remedy="deployer doctor")
    raise Unreachable(f"HAProxy does not answer at {edge.socket}: {words}", where=edge.name, remedy="deployer doctor")


def weights(shares: Mapping[str, int], servers: Mapping[str, int]) -> Mapping[str, int]:
    """The weight of each server of a site, as near to the shares as 0..256 allow."""
    return shares_as_weights(shares, servers)


def tell(edge: EdgeNode, wish: Wish) -> str:
    """Shell that does it in one line, keeps it on the disk, and looks again."""
    line = ";".join(_commands(edge, wish))
    return f"""{API}
printf '%s\\n' {shlex.quote(line)} | api {shlex.quote(edge.socket)} 2>&1
echo {_SAID}
{_keep(edge)}
echo {_KEPT}
{_api(edge, f"show stat {edge.backend} 6 -1")}"""


def told(edge: EdgeNode, wish: Wish, said: str) -> tuple[str, str]:
    """What is left of the answer for `rows`, and why a restart would forget the change. Raises StepFailed: refused."""
    complaint, _, rest = said.partition(_SAID)
    if complaint.strip():
        raise refused(edge, ";".join(_commands(edge, wish)), complaint)
    wrong, _, stats = rest.partition(_KEPT)
    return stats, " ".join(wrong.split())


def _commands(edge: EdgeNode, wish: Wish) -> Iterator[str]:
    """The raised ones first: at no moment has nobody a weight."""
    for server, weight in sorted(wish.weights, key=lambda one: -one[1]):
        yield f"set server {edge.backend}/{server} weight {weight}"
    for server in wish.opened:
        yield f"set server {edge.backend}/{server} state ready"
    for server in wish.barred:
        yield f"set server {edge.backend}/{server} state maint"


def _keep(edge: EdgeNode) -> str:
    """As `systemctl reload` saves it; says what is wrong, and fails nothing: users have been led already."""
    if not edge.state_file:
        return "echo no edge.state_file"
    file = shlex.quote(edge.state_file)
    return (
        f"if {_api(edge, 'show servers state')} >{file}.deployer && grep -q srv_name {file}.deployer; "
        f"then mv -f {file}.deployer {file} 2>&1; else rm -f {file}.deployer; "
        f"echo {shlex.quote(edge.state_file)} cannot be written; fi 2>/dev/null"
    )


def _api(edge: EdgeNode, command: str) -> str:
    return f"printf '%s\\n' {shlex.quote(command)} | api {shlex.quote(edge.socket)} 2>&1"
