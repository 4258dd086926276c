"""Where our playbooks and templates lie: in a checkout, or in an installed wheel"""

from __future__ import annotations

import sysconfig
from functools import cache
from pathlib import Path

from deployer.errors import DeployerError


def playbooks() -> Path:
    return _folder("playbooks", "deploy.yml")


def templates() -> Path:
    return _folder("templates", "haproxy.cfg.j2")


@cache
def _folder(name: str, proof: str) -> Path:
    checkout = Path(__file__).resolve().parent.parent
    installed = Path(sysconfig.get_path("data")) / "share" / "deployer"
    for place in (checkout, installed):
        if (place / name / proof).is_file():
            return place / name
    raise DeployerError(
        f"our own {name}/ are not installed",
        where=str(installed / name),
        remedy="pip install --force-reinstall deployer",
    )
