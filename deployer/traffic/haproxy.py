"""One HAProxy, asked over its runtime socket"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def see(ssh: Ssh, balancer: Balancer) -> Seen:
    """The pool now.

    Raises:
        Unreachable: machine or HAProxy does not answer.
        StepFailed: there is no such pool.
    """
    question = [f"show stat {backend} 6 -1" for backend in _backends(balancer)]
    answer = _of_the_living(ssh, balancer, ";".join(["show info", *question]))
    found = stat.rows(answer)
    if not found:  # a frontend of the same name hides the backend
        question = ["show stat -1 6 -1"]
        answer = _of_the_living(ssh, balancer, ";".join(["show info", *question]))
        found = _ours(balancer, stat.rows(answer))
    if not found:
        pool = balancer.pool
        raise StepFailed(
            f"HAProxy has no backend {pool} nor {pool}_a and {pool}_b",
            where=balancer.name,
            remedy="set balancers.pool in deployer.yml, then deployer doctor",
        )
    old = old_workers(ssh, balancer)  # asked last: a reload in between then shows a worker twice, never not at all
    old_rows = [row for pid in old for row in stat.rows(of_worker(ssh, balancer, pid, question)) if row.server]
    pid = int(stat.info(answer, "Pid") or 0)
    return Seen(balancer.name, balancer.pool, pid, found, old, _ours(balancer, old_rows))


def _ours(balancer: Balancer, found: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(row for row in found if row.backend in _backends(balancer))


def api(ssh: Ssh, machine: Balancer | EdgeNode, command: str) -> str:
    """The answer to one line on the runtime socket.

    Raises:
        Unreachable: machine or HAProxy does not answer.
    """
    return _ask(ssh, machine, machine.socket, command)


def _backends(balancer: Balancer) -> tuple[str, ...]:
    return tuple(f"{balancer.pool}_{half}" if half else balancer.pool for half in HALVES)


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
