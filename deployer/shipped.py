"""Where our playbooks and templates lie: in a checkout, or in an installed wheel"""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from deployer.errors import DeployerError


def playbooks() -> Path:
    return _folder("playbooks", "deploy.yml")


def templates() -> Path:
    return _folder("templates", "haproxy.cfg.j2")


def rendered(name: str, values: Mapping[str, object]) -> str:
    """A file of templates/, as Ansible would; a variable that has neither value nor default is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(str(templates())),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  configuration, not HTML
    )
    return environment.get_template(name).render(**values)


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
