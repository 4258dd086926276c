"""What deployer.yml says about people, read only where it is needed"""

from __future__ import annotations

from deployer.cli.options import Ground
from deployer.rules import Rules
from deployer.settings.place import settings_file


def rules(ground: Ground) -> Rules:
    from deployer.settings.file import read

    return read(settings_file(ground.inventory)).rules
