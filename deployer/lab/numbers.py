"""Which lab has which addresses: claims that a crash or reboot cannot keep"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

from deployer.errors import Refused
from deployer.lab.layout import boot_id
from deployer.lab.marks import local_addresses

CLAIMS = Path("/tmp/deployer-labs")
NUMBERS = range(1, 251)


def claim(folder: Path) -> int:
    """A lab number that no other lab of this machine has, whoever it belongs to."""
    with _alone():
        busy = {int(address.split(".")[2]) for address in local_addresses() if address[:6] in BLOCKS}
        for number in NUMBERS:
            path = CLAIMS / str(number)
            if number not in busy and _free(path, number):
                with contextlib.suppress(PermissionError):  # a stale claim of another user
                    path.unlink(missing_ok=True)
                    path.write_text(json.dumps({"folder": str(folder), "boot": boot_id()}))
                    return number
    raise Refused("all lab numbers are taken", where=str(CLAIMS), remedy="deployer lab down NAME")


BLOCKS = ("127.1.", "127.2.", "127.3.")


def give_back(folder: Path) -> None:
    """Every claim of this lab is gone afterwards."""
    if not CLAIMS.is_dir():
        return
    with _alone():
        for path in CLAIMS.iterdir():
            if owner(path) == str(folder):
                path.unlink()


def owner(claim: Path) -> str:
    """The folder of the lab that made this claim, empty when there is none."""
    return _read(claim).get("folder", "")


def _free(path: Path, number: int) -> bool:
    told = _read(path)
    if not told or told["boot"] != boot_id():
        return True
    try:
        lab = json.loads((Path(told["folder"]) / "lab.json").read_text())
    except FileNotFoundError:
        return not Path(told["folder"]).exists()
    except OSError:
        return False
    return bool(lab["number"] != number)


def _read(path: Path) -> dict[str, str]:
    try:
        told: dict[str, str] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return told


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    if not CLAIMS.is_dir():
        CLAIMS.mkdir(exist_ok=True)
        with contextlib.suppress(PermissionError):
            CLAIMS.chmod(0o1777)
    folder = os.open(CLAIMS, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
