"""What other tools call it: words that people type, and what they mean here"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

MEANT = {
    "accept": "approve RUN --reason TEXT",
    "apply": "deploy VERSION",
    "bluegreen": "deploy VERSION --strategy bluegreen",
    "blue-green": "deploy VERSION --strategy bluegreen",
    "canary": "deploy VERSION --strategy canary",
    "cancel": "abort",
    "check": "doctor",
    "confirm": "approve RUN --reason TEXT",
    "continue": "resume",
    "describe": "show RUN",
    "diff": "plan VERSION",
    "disable": "drain HOST",
    "dry-run": "plan VERSION",
    "enable": "readmit HOST",
    "failback": "restore SITE",
    "failover": "evacuate SITE --reason TEXT",
    "follow": "logs -f",
    "get": "status",
    "inspect": "show RUN",
    "install": "deploy VERSION",
    "kill": "abort",
    "list": "history",
    "ls": "history",
    "monitor": "status --watch",
    "preview": "plan VERSION",
    "ps": "status --live",
    "push": "deploy VERSION",
    "release": "deploy VERSION",
    "retry": "resume",
    "revert": "rollback",
    "rolling": "deploy VERSION --strategy rolling",
    "rollout": "deploy VERSION",
    "ship": "deploy VERSION",
    "split": "shift --release VERSION=5",
    "start": "deploy VERSION",
    "stop": "abort",
    "switch": "evacuate SITE --reason TEXT",
    "switchover": "evacuate SITE --reason TEXT",
    "tail": "logs -f",
    "unlock": "lock release --reason TEXT",
    "update": "deploy VERSION",
    "upgrade": "deploy VERSION",
    "validate": "doctor",
    "watch": "status --watch",
    "weight": "shift SITE=70 OTHER=30",
}


def meant(typed: str, verbs: Sequence[str]) -> str:
    """The command line that was probably meant, without `deployer`; "" when nobody knows."""
    if typed in MEANT:
        return MEANT[typed]
    near = next(iter(get_close_matches(typed.lower(), [*verbs, *MEANT], 1, 0.7)), "")
    return MEANT.get(near, near)
