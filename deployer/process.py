"""Which process holds a lease, and whether it is certainly gone"""

from __future__ import annotations

import os
from pathlib import Path


def this_process() -> str:
    """Boot, pid namespace, pid and start time (clock ticks since boot): no two processes share it. "" off Linux."""
    return "/".join((*_ground(), str(os.getpid()), born)) if (born := _born(os.getpid())) else ""


def is_gone(process: str) -> bool:
    """Certainly dead: it ran under this very boot and in this pid namespace, and is not there any more.

    Of a process elsewhere, or before a reboot, nothing is known: a cloned machine may look the same.
    """
    match process.split("/"):
        case [boot, space, pid, born]:
            return (boot, space) == _ground() and _born(int(pid)) != born
    return False


def _ground() -> tuple[str, str]:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return boot, str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return "", ""


def _born(pid: int) -> str:
    """Start time of a running process, "" when there is none (a zombie does nothing any more)."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(") ")[2].split()
    except OSError:
        return ""
    return "" if state in "ZX" else rest[18]
