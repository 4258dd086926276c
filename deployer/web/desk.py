"""What every page is made from: the journal of one service, opened for reading, and who may come in"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployer.journal import Journal
from deployer.lock import Lock
from deployer.settings.file import read
from deployer.settings.home import state_directory
from deployer.settings.place import settings_file
from deployer.settings.values import Settings
from deployer.store import open_store
from deployer.store.rows import Store
from deployer.web.acts import Acts
from deployer.web.door import Door
from deployer.web.people import People
from deployer.web.seal import Seal


@dataclass(frozen=True, slots=True)
class Desk:
    """`folder` is ours on this machine: the key, the people, the output of acts; `name` is the environment's; `ground`
    how a command line is told where to act: `-i …`; `typed` is the inventory as the operator named it.
    """

    inventory: Path
    name: str
    typed: str
    settings: Settings
    store: Store
    folder: Path
    door: Door
    ground: tuple[str, ...] = ()
    now: Callable[[], float] = time.time

    @property
    def service(self) -> str:
        return self.settings.service

    @property
    def acts(self) -> Acts:
        return Acts(self.folder / "acts")

    @property
    def journal(self) -> Journal:
        return Journal(self.store, self.service, self.now)

    @property
    def lock(self) -> Lock:
        return Lock(self.store, self.service, self.now)


def people_of(settings: Settings) -> People:
    return People(Path(settings.web.people) if settings.web.people else own_folder(settings) / "people")


def own_folder(settings: Settings) -> Path:
    return state_directory() / "web" / settings.service


@contextmanager
def desk(inventory: Path, name: str, more: tuple[str, ...] = ()) -> Iterator[Desk]:
    """`more` options go to every command that is started. Raises SettingsError, PreflightFailed."""
    settings = read(settings_file(inventory))
    folder = own_folder(settings)
    door = Door(settings.web, people_of(settings), Seal.of(folder), time.time)
    store = open_store(settings.state, read_only=True)
    try:
        where = inventory.absolute()
        yield Desk(where, name, str(inventory), settings, store, folder, door, ("-i", str(where), *more))
    finally:
        store.close()
