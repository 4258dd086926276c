"""The card of an inventory: as it was kept while nothing changed, else read anew, else the old one with a warning"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

from deployer.errors import DeployerError, InventoryError
from deployer.evacuation import card as cards
from deployer.evacuation.card import Card
from deployer.inventory.facts import Asking

PATIENCE = 15.0
"""Seconds for Ansible to answer, where it must be asked: a cloud that an inventory comes from may hang as well."""


def card(inventory: Path, asking: Asking) -> tuple[Card, str]:
    """What is known of the inventory's edge, and a warning ("" when it is as it was read).

    Raises:
        DeployerError: the inventory cannot be read, and no command has ever kept a copy.
    """
    kept = cards.load(inventory)
    of = cards.digest(inventory, asking)
    if kept is not None and of and kept.of == of and not kept.secret:
        return kept, ""
    fresh = _read_in_time(inventory, asking, of)
    if isinstance(fresh, Card):
        cards.keep(inventory, fresh)
        return fresh, ""
    if kept is None:
        raise fresh
    when = f"{datetime.fromtimestamp(kept.written, UTC):%Y-%m-%d %H:%M} UTC"
    return kept, f"the inventory cannot be read, going by the copy of {when}: {fresh.what.splitlines()[0]}"


def _read_in_time(inventory: Path, asking: Asking, of: str) -> Card | DeployerError:
    found: list[Card | DeployerError] = []
    reading = Thread(target=lambda: found.append(_read(inventory, asking, of)), daemon=True)
    reading.start()
    reading.join(PATIENCE)
    return found[0] if found else InventoryError(f"no answer within {PATIENCE:g} s", where=str(inventory))


def _read(inventory: Path, asking: Asking, of: str) -> Card | DeployerError:
    from deployer.inventory.reading import estate
    from deployer.settings.file import read
    from deployer.settings.place import settings_file

    try:
        settings = read(settings_file(inventory))
        return cards.made(estate(inventory, settings, asking), settings, of, cards.measured(inventory))
    except DeployerError as wrong:
        return wrong
