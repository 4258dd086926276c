"""A secret that deployer.yml names: an environment variable or a file, read at each use, since it is rotated"""

from __future__ import annotations

import os
from pathlib import Path

from deployer.errors import StepFailed


def secret(setting: str, path: str, variable: str) -> str:
    """The secret, empty where neither is given; `setting` is how deployer.yml calls it, as in gate.source.token.

    Raises:
        StepFailed: it names the file or variable which cannot be read, never what is in it.
    """
    if variable:
        if not os.environ.get(variable):
            raise StepFailed(f"the environment has no {variable}", remedy=f"export it, or {setting}_file")
        found = os.environ[variable]
    elif path:
        try:
            found = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StepFailed(f"{path} cannot be read", remedy=f"see {setting}_file in deployer.yml") from error
    else:
        return ""
    if not (told := found.strip()).isprintable() or not told:
        raise StepFailed(f"the {setting.rpartition('.')[2]} in {variable or path} is empty, or more than one line")
    return told
