"""Where the real parts are, and what they say when they do not start"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from deployer.errors import PreflightFailed, StepFailed

PACKAGES = {
    "haproxy": "haproxy",
    "nginx": "nginx-light",
    "sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "ssh": "openssh-client",
}
AT_WILL = {"prometheus": "prometheus", "sh": "dash"}
"""Only where they are asked for."""
PLACES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def program(name: str) -> str:
    """The absolute path of a program (sshd insists on one)."""
    found = shutil.which(name) or shutil.which(name, path=PLACES)
    if found is None:
        raise PreflightFailed(f"{name} is not installed", remedy=f"apt-get install {(PACKAGES | AT_WILL)[name]}")
    return found


def check() -> None:
    """All programs a lab needs are here."""
    for name in PACKAGES:
        program(name)


def run(words: Sequence[str], environment: Mapping[str, str], *, folder: Path | None = None) -> None:
    """A program that puts itself into the background: returns when it did."""
    done = subprocess.run(
        words,
        env=environment,
        cwd=folder or "/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        start_new_session=True,
    )
    if done.returncode:
        raise StepFailed(f"{Path(words[0]).name} did not start: {done.stdout.strip()[-2000:]}", where=" ".join(words))
