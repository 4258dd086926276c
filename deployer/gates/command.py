"""One command of the operator's own, run where deployer runs"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_LAST = 300


@dataclass(frozen=True, slots=True)
class Told:
    """What the command learns, by DEPLOYER_RELEASE, DEPLOYER_SITES, DEPLOYER_HOSTS and DEPLOYER_RUN."""

    release: str
    sites: tuple[str, ...]
    hosts: tuple[str, ...]
    run: str

    def environment(self) -> dict[str, str]:
        own = {"RELEASE": self.release, "SITES": " ".join(self.sites), "HOSTS": " ".join(self.hosts), "RUN": self.run}
        return {**os.environ, **{f"DEPLOYER_{name}": value for name, value in own.items()}}


def run(command: str, folder: Path, environment: Mapping[str, str], timeout: float) -> str:
    """What went wrong, "" when it ended with 0 in time; nothing of it is left running.

    A relative program is looked for from `folder`. It works in a directory of its own: what it left beside
    deployer.yml Ansible would take for inventory.
    """
    with tempfile.TemporaryDirectory(prefix="deployer-check-") as place:
        return _ended(command, folder, Path(place), environment, timeout)


def _ended(command: str, folder: Path, place: Path, environment: Mapping[str, str], timeout: float) -> str:
    try:
        program, *words = shlex.split(command)
        process = subprocess.Popen(
            [str(folder / program) if "/" in program else program, *words],
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return f"{command} cannot be run: {error}"
    try:
        said, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        return f"{command} took longer than {timeout:g} s"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    last = said.decode(errors="replace").strip()[-_LAST:]
    return f"{command} ended with {process.returncode}: {last}" if process.returncode else ""
