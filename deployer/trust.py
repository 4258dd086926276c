"""Host keys shown before they are trusted, and written into known_hosts after somebody agreed"""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import StepFailed
from deployer.machines import Login

_PATIENCE = 5
_PREFERRED = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "ssh-rsa")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a machine shows: `lines` are its keys as known_hosts has them, `fingerprint` is of the first.

    No lines: nobody answered, `complaint` says it. `known`: all of that is trusted already, `changed`: another key
    was trusted so far, and somebody must find out why before a line is written.
    """

    machine: str
    file: Path
    lines: tuple[str, ...] = ()
    fingerprint: str = ""
    known: bool = False
    changed: bool = False
    complaint: str = ""


def shown(logins: Iterable[tuple[str, Login]]) -> tuple[Shown, ...]:
    """Every machine's host keys as it shows them now, all asked at once (ssh-keyscan)."""
    asked = [(name, login) for name, login in logins if login.address]
    with ThreadPoolExecutor(max_workers=min(len(asked), 32) or 1) as threads:
        return tuple(threads.map(lambda one: _shown(*one), asked))


def trust(machines: Sequence[Shown]) -> Mapping[Path, int]:
    """Write the keys of these machines, and say how many lines went into each file; a silent machine has none.

    Raises StepFailed, and writes nothing, where one shows another key than the one that is known.
    """
    for machine in machines:
        if machine.changed:
            raise StepFailed(
                f"its host key is not the one we know: it shows {machine.fingerprint}",
                where=machine.machine,
                remedy=f"find out why; when it is right, remove its old line from {machine.file}",
            )
    written: dict[Path, int] = {}
    for machine in machines:
        if machine.lines and not machine.known:
            _append(machine.file, machine.lines)
            written[machine.file] = written.get(machine.file, 0) + len(machine.lines)
    return written


def _shown(name: str, login: Login) -> Shown:
    file = Path(login.known_hosts[0] if login.known_hosts else "~/.ssh/known_hosts").expanduser()
    if login.proxy_command:
        return Shown(name, file, complaint="is behind a jump host: connect once by hand, with ssh -J")
    command = ["ssh-keyscan", "-T", str(_PATIENCE), "-p", str(login.port), login.address]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=4 * _PATIENCE).stdout
    except (OSError, subprocess.TimeoutExpired) as wrong:
        return Shown(name, file, complaint=f"its host key cannot be asked for: {wrong}")
    lines = sorted((line for line in said.splitlines() if line and not line.startswith("#")), key=_rank)
    if not lines:
        return Shown(name, file, complaint=f"nobody answers at {login.address} port {login.port}")
    known = _known(login, file)
    kinds = {line.split()[1] for line in known}
    agreed = any(_key(line) in map(_key, known) for line in lines)
    differs = any(line.split()[1] in kinds and _key(line) not in map(_key, known) for line in lines)
    return Shown(name, file, tuple(lines), _fingerprint(lines[0]), known=agreed and not differs, changed=differs)


def _known(login: Login, file: Path) -> list[str]:
    """The lines that are trusted for this address, found by ssh-keygen (which also knows hashed names)."""
    place = login.address if login.port == 22 else f"[{login.address}]:{login.port}"  # noqa: PLR2004 - ssh
    found = subprocess.run(
        ["ssh-keygen", "-F", place, "-f", str(file)], capture_output=True, text=True, check=False, timeout=_PATIENCE
    )
    return [line for line in found.stdout.splitlines() if line and not line.startswith(("#", "@"))]


def _rank(line: str) -> int:
    kind = line.split()[1]
    return _PREFERRED.index(kind) if kind in _PREFERRED else len(_PREFERRED)


def _key(line: str) -> tuple[str, str]:
    _, kind, key, *_ = line.split()
    return kind, key


def _fingerprint(line: str) -> str:
    kind, key = _key(line)
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(key)).digest()).decode().rstrip("=")
    return f"{kind} SHA256:{digest}"


def _append(file: Path, lines: tuple[str, ...]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    start = "" if not before or before.endswith("\n") else "\n"
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as out:
        out.write(start + "\n".join(lines) + "\n")
