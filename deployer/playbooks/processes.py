"""Which processes run, as /proc tells it"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start(pid: int) -> str:
    """When the kernel started it, in clock ticks since boot; "" when it is gone or a zombie."""
    fields = _fields(pid)
    return "" if not fields or fields[0] in "ZX" else fields[19]


def parent(pid: int) -> int:
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def every() -> Iterator[int]:
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            yield int(entry.name)


def children(pid: int) -> tuple[int, ...]:
    return tuple(other for other in every() if parent(other) == pid)


def marked(name: str, value: str) -> tuple[int, ...]:
    """Ansible processes that have this word in their environment (its kept ssh connections have it too)."""
    word = f"{name}={value}".encode()
    return tuple(
        pid for pid in every() if word in _read(pid, "environ") and b"ansible-playbook" in _read(pid, "cmdline")
    )


def _fields(pid: int) -> list[str]:
    return _read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
