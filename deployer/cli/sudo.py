"""The password for sudo: typed once or read from a file, as in Ansible, and never shown"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import click

from deployer.cli import say
from deployer.errors import UsageError


def password(file: Path | None, *, ask: bool) -> str:
    """Empty when neither is wanted. A file that may be executed is a program that prints it.

    Raises:
        UsageError: the file cannot be read, or nobody can be asked.
    """
    if file is not None:
        return _from(file.expanduser())
    if not ask:
        return ""
    if not say.interactive():
        remedy = "--become-password-file FILE"
        raise UsageError("there is no terminal to ask for the password on", where="--ask-become-pass", remedy=remedy)
    return str(click.prompt("Password for sudo on the machines", hide_input=True, err=True))


def _from(file: Path) -> str:
    try:
        if os.access(file, os.X_OK):
            done = subprocess.run([str(file.absolute())], capture_output=True, text=True, check=True)
            said = done.stdout
        else:
            said = file.read_text()
    except (OSError, subprocess.CalledProcessError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}"
        raise UsageError(f"cannot be read: {why}", where=f"--become-password-file {file}") from None
    found = said.strip("\r\n")
    if not found:
        raise UsageError("there is no password in it", where=f"--become-password-file {file}")
    return found
