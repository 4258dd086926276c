"""One HAProxy, asked over its runtime socket"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deployer.errors import StepFailed, Unreachable
from deployer.machines import Balancer, EdgeNode
from deployer.model import Standing
from deployer.ssh import Ssh
from deployer.traffic import stat
from deployer.traffic.stat import Row

PATIENCE = 4.0
HALVES = ("", "a", "b")


@dataclass(frozen=True, slots=True)
class Seen:
    """A pool as one balancer sees it: the worker that answered, and the old ones that still run after a reload.

    `old_rows` are of workers that serve what they had; they check nothing any more, so their status says nothing.
    """

    balancer: str
    pool: str
    pid: int
    rows: tuple[Row, ...]
    old: tuple[int, ...]
    old_rows: tuple[Row, ...]

    def of(self, host: str) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.server == host)

    def everywhere(self, host: str) -> tuple[Row, ...]:
        """This host in the current and in all old workers."""
        return (*self.of(host), *(row for row in self.old_rows if row.server == host))

    def half(self, row: Row) -> str:
        return row.backend.removeprefix(self.pool).removeprefix("_")

    def standing(self, host: str) -> Standing:
        """UP when any half is, OUT before DOWN; UNKNOWN when the balancer has no such server."""
        found = {row.standing for row in self.of(host)}
        order = (Standing.UP, Standing.OUT, Standing.DOWN)
        return next((standing for standing in order if standing in found), Standing.UNKNOWN)

    def slot(self, host: str) -> str:
        return next((self.half(row) for row in self.of(host) if row.standing is Standing.UP), "")

    def servers(self, half: str | None = None) -> tuple[str, ...]:
        """Names of all servers, or of those of one half."""
        wanted = (row for row in self.rows if row.server and (half is None or self.half(row) == half))
        return tuple(dict.fromkeys(row.server for row in wanted))

    def sticky(self, row: Row) -> bool:
        """Users who hold a cookie of this server are sent to it even while it is NOLB or in drain."""
        return bool(row.cookie) and any(
            one.cookie for one in self.rows if not one.server and one.backend == row.backend
        )

    @property
    def halves(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.half(row) for row in self.rows))


def see(ssh: Ssh, balancer: Balancer, *, servers_only: bool = False) -> Seen:
    """The pool now.

    Raises:
        Unreachable: machine or HAProxy does not answer.
        StepFailed: there is no such pool.
    """
    kind = 4 if servers_only else 6
    question = ";".join(f"show stat {_backend(balancer.pool, half)} {kind} -1" for half in HALVES)
    answer = _of_the_living(ssh, balancer, f"show info;{question}")
    old = old_workers(ssh, balancer)  # asked last: a reload in between then shows a worker twice, never not at all
    found = stat.rows(answer)
    if not found:
        pool = balancer.pool
        raise StepFailed(
            f"HAProxy has no backend {pool} nor {pool}_a and {pool}_b",
            where=balancer.name,
            remedy="set balancers.pool in deployer.yml, then deployer doctor",
        )
    old_rows = tuple(row for pid in old for row in _of_old(ssh, balancer, pid))
    return Seen(balancer.name, balancer.pool, int(stat.info(answer, "Pid") or 0), found, old, old_rows)


def api(ssh: Ssh, machine: Balancer | EdgeNode, command: str) -> str:
    """The answer to one line on the runtime socket.

    Raises:
        Unreachable: machine or HAProxy does not answer.
    """
    return _ask(ssh, machine, machine.socket, command)


def _backend(pool: str, half: str) -> str:
    return f"{pool}_{half}" if half else pool


def _of_the_living(ssh: Ssh, balancer: Balancer, command: str) -> str:
    """Right after a reload a stopping worker may answer the socket once more: its word is not taken."""
    answer = ""
    for _ in range(5):
        answer = api(ssh, balancer, command)
        if stat.info(answer, "Stopping") in ("", "0"):
            return answer
    raise Unreachable("only a stopping worker answers the socket", where=balancer.name, remedy="deployer status")


def old_workers(ssh: Ssh, balancer: Balancer) -> tuple[int, ...]:
    """Pids of those that still serve after a reload; none are seen without a master socket."""
    if not balancer.master_socket:
        return ()
    return stat.workers(_ask(ssh, balancer, balancer.master_socket, "show proc")).old


def _of_old(ssh: Ssh, balancer: Balancer, pid: int) -> tuple[Row, ...]:
    return stat.rows(
        of_worker(ssh, balancer, pid, [f"show stat {_backend(balancer.pool, half)} 4 -1" for half in HALVES])
    )


def of_worker(ssh: Ssh, balancer: Balancer, pid: int, commands: Sequence[str]) -> str:
    """The answers of one worker to commands, asked through the master."""
    return _ask(ssh, balancer, balancer.master_socket, ";".join(f"@!{pid} {command}" for command in commands))


def _ask(ssh: Ssh, machine: Balancer | EdgeNode, socket: str, command: str) -> str:
    answer = ssh.ask(machine.name, "api", socket, command, str(PATIENCE), timeout=PATIENCE + 2)
    if not answer.ok:
        raise Unreachable(
            f"HAProxy does not answer at {socket}: {answer.complaint}", where=machine.name, remedy="deployer doctor"
        )
    return answer.out
