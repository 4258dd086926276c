"""Who acts, and the name of a new run"""

from __future__ import annotations

import getpass
import secrets
import socket
from datetime import UTC, datetime


def person() -> str:
    """`ann@ops1`"""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a uid without a name, as in containers
        name = "unknown"
    return f"{name}@{socket.gethostname()}"


def new_run(now: float) -> str:
    """`20261123-160405-1f3a`: sorts by time, safe in file names."""
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
