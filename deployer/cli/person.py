"""Who acts, and the name of a new run

A name is a claim: whoever may write to the journal can claim any. The account it was typed from stands beside it.
"""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from datetime import UTC, datetime

CLAIM = "DEPLOYER_PERSON"
"""In the environment: who acts where the account is shared, as that of a build agent."""


def person(claimed: str = "") -> str:
    """`ann@ops1`, or `ann (jenkins@agent1)` where somebody says who it is."""
    name = " ".join((claimed or os.environ.get(CLAIM, "")).split())
    return f"{name} ({_account()})" if name else _account()


def _account() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a uid without a name, as in containers
        name = "unknown"
    return f"{name}@{socket.gethostname()}"


def new_run(now: float) -> str:
    """`20261123-160405-1f3a`: sorts by time, safe in file names."""
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
