"""Where deployer keeps what is its own on this machine"""

from __future__ import annotations

import os
from pathlib import Path

SYSTEM_STATE = Path("/var/lib/deployer")


def state_directory() -> Path:
    """`/var/lib/deployer` for root, `~/.local/state/deployer` (XDG_STATE_HOME is honoured) for everybody else;
    `$DEPLOYER_STATE` before both.
    """
    if own := os.environ.get("DEPLOYER_STATE"):
        return Path(own)
    if os.geteuid() == 0 and os.access(SYSTEM_STATE if SYSTEM_STATE.exists() else SYSTEM_STATE.parent, os.W_OK):
        return SYSTEM_STATE
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "deployer"
