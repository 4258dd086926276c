"""Which processes belong to a lab, told by what cannot be forgotten

A list of pids is wrong after a crash between start and note, and after kill -9 of a supervisor. So a lab's processes
are known by two marks: the variable DEPLOYER_LAB in the environment they were started with (sshd hands it on to every
command), and a TCP socket bound to an address of the lab (nginx and sshd overwrite their environment with their title).
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "DEPLOYER_LAB"


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    words: str


def environment(folder: Path) -> dict[str, str]:
    """What every process of the lab in this folder is started with."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NOTIFY_", "HAPROXY_", "NGINX"))}
    return {**kept, VARIABLE: str(folder)}


def processes(folder: Path, number: int | None) -> tuple[Process, ...]:
    """All living processes of this lab; `number` None when it never got an address."""
    ours = _marked(folder, number)
    return tuple(Process(pid, _words(pid)) for pid in _pids() if ours(pid))


def belongs(folder: Path, number: int | None, pid: int) -> bool:
    """Whether this pid is a living process of this lab."""
    return alive(pid) and _marked(folder, number)(pid)


def children(pid: int) -> tuple[int, ...]:
    """The living processes whose parent this is."""
    return tuple(one for one in _pids() if _stat(one)[1:2] == [str(pid)])


def bound_to(address: str) -> tuple[int, ...]:
    """Every process with a TCP socket on this local address."""
    sockets = {f"socket:[{inode}]" for bound, inode in _sockets() if bound == address and inode != "0"}
    return tuple(pid for pid in _pids() if _has_socket(pid, sockets))


def end(folder: Path, number: int | None, *, grace: float = 3.0) -> int:
    """No process of this lab is left: how many there were. First asked to end, then made to."""
    ended = 0
    for wish, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, grace), (signal.SIGKILL, grace)):
        found = processes(folder, number)
        if not found:
            break
        ended += len(found) if wish is signal.SIGTERM else 0
        _end(tuple(one.pid for one in found), wish, patience)
    return ended


def end_pid(pid: int, wish: signal.Signals, patience: float = 5.0) -> None:
    """Sent, and waited for the end of the process, at most this long (seconds)."""
    _end((pid,), wish, patience)


def local_addresses() -> Iterator[str]:
    """Every IPv4 address some TCP socket of this machine is bound to."""
    for address, _ in _sockets():
        yield address


def _end(pids: tuple[int, ...], wish: signal.Signals, patience: float) -> None:
    handles = []
    for pid in pids:
        with suppress(ProcessLookupError):
            handles.append(os.pidfd_open(pid))
    for handle in handles:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, wish)
            signal.pidfd_send_signal(handle, signal.SIGCONT)
    deadline = time.monotonic() + patience
    for handle in handles:
        select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
        os.close(handle)


def _pids() -> Iterator[int]:
    for name in os.listdir("/proc"):  # noqa: PTH208  names, not paths: this runs over every process
        if name.isdigit() and int(name) != os.getpid() and alive(int(name)):
            yield int(name)


def alive(pid: int) -> bool:
    """Whether this process exists and is not only waited for."""
    return _stat(pid)[:1] not in ([], ["Z"], ["X"])


def _stat(pid: int) -> list[str]:
    """State, parent, … of /proc/PID/stat; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _marked(folder: Path, number: int | None) -> Callable[[int], bool]:
    variable = f"{VARIABLE}={folder}".encode()
    sockets = set(_inodes(number)) if number is not None else set()
    return lambda pid: _has_variable(pid, variable) or _has_socket(pid, sockets)


def _words(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def _has_variable(pid: int, variable: bytes) -> bool:
    with suppress(OSError):
        return variable in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return False


def _has_socket(pid: int, sockets: set[str]) -> bool:
    if not sockets:
        return False
    with suppress(OSError):
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if str(handle.readlink()) in sockets:
                    return True
    return False


def _inodes(number: int) -> Iterator[str]:
    blocks = tuple(f"127.{second}.{number}." for second in (1, 2, 3))
    for address, inode in _sockets():
        if address.startswith(blocks) and inode != "0":
            yield f"socket:[{inode}]"


def _sockets() -> Iterator[tuple[str, str]]:
    """(local address, inode) of every TCP socket of this machine."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        packed = words[1].split(":")[0]
        yield ".".join(str(byte) for byte in reversed(bytes.fromhex(packed))), words[9]
