"""What an evacuation needs to know, kept ready by every command: sites, edge nodes, ways to them, no secrets"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployer import codec, hooks
from deployer.errors import UsageError
from deployer.hooks import NO_HOOKS, Hooks
from deployer.inventory.facts import Asking
from deployer.inventory.fingerprint import fingerprint
from deployer.machines import Balancer, Dns, EdgeNode, Estate, Login
from deployer.settings.home import state_directory

if TYPE_CHECKING:
    from deployer.settings.values import Settings


@dataclass(frozen=True, slots=True)
class Card:
    """`of` is the digest of the inventory and deployer.yml it was made from ("" = never current), `written` when.

    `servers` says of which site the servers of the edge are: sites by their own name, and balancers. `secret`: there
    are passwords among the logins, which are not kept. `grace` and `settle` are seconds, as in `edge:` of deployer.yml.
    """

    service: str
    of: str
    written: float
    state: str
    sites: tuple[str, ...]
    servers: tuple[tuple[str, str], ...]
    edges: tuple[EdgeNode, ...]
    secret: bool
    grace: float
    settle: float
    dns: Dns | None = None
    hooks: Hooks = NO_HOOKS
    allowed: tuple[tuple[str, float], ...] = ()
    """Requests/s that each host may be given; none = not known, and then nobody asks who is in service."""
    balancers: tuple[Balancer, ...] = ()
    hosts: tuple[tuple[str, str], ...] = ()
    """(name, site)"""
    measured: tuple[tuple[str, float], ...] = ()
    """Requests/s that squeezed hosts carried."""

    def site_of(self, server: str) -> str:
        return dict(self.servers).get(server, "")


def made(estate: Estate, settings: Settings, of: str, measured: Mapping[str, float]) -> Card:
    """With passwords, for use; `keep` leaves them out."""
    edge = settings.edge
    return Card(
        service=settings.service,
        of=of,
        written=time.time(),
        state=settings.state,
        sites=tuple(settings.sites),
        servers=(*((one.name, one.site) for one in estate.balancers), *((site, site) for site in settings.sites)),
        edges=estate.edges,
        secret=any(node.login.password or node.login.become_password for node in estate.edges),
        grace=edge.grace if edge else 0.0,
        settle=edge.settle if edge else 0.0,
        dns=estate.dns,
        hooks=hooks.of(settings, estate.inventory),
        hosts=tuple((host.name, host.site) for host in estate.hosts),
        **_capacity(estate, settings, measured),
    )


def measured(inventory: Path) -> Mapping[str, float]:
    """What squeezes have measured, as the copy has it."""
    kept = load(inventory)
    return dict(kept.measured) if kept else {}


def measure(inventory: Path, estate: Estate, settings: Settings, found: Mapping[str, float]) -> None:
    """The copy knows what squeezes have measured by now."""
    kept = load(inventory)
    if kept is not None and dict(kept.measured) != found:
        keep(inventory, replace(kept, **_capacity(estate, settings, found)))


def _capacity(estate: Estate, settings: Settings, measured: Mapping[str, float]) -> dict[str, Any]:
    allowed = settings.capacity.allowed((host.name for host in estate.hosts), measured)
    if not allowed:
        return {"allowed": (), "measured": ()}
    return {
        "allowed": tuple(allowed.items()),
        "measured": tuple(measured.items()),
        "balancers": tuple(one for one in estate.balancers if one.kind != "opaque"),
    }


def place(inventory: Path) -> Path:
    """Found without reading anything: the inventory and deployer.yml may be what is broken."""
    name = hashlib.sha256(str(inventory.absolute()).encode()).hexdigest()[:16]
    return state_directory() / f"evacuation-{name}.json"


def digest(inventory: Path, asking: Asking) -> str:
    """Changes with every file the card is made from; "" where nothing can be said: a living inventory, a lost file."""
    try:
        of = fingerprint(inventory, asking)
        settings = ((inventory if inventory.is_dir() else inventory.parent) / "deployer.yml").stat()
    except OSError:
        return ""
    seen = (of, settings.st_mtime_ns, settings.st_size, settings.st_ino)
    return hashlib.sha256(repr(seen).encode()).hexdigest() if of else ""


def load(inventory: Path) -> Card | None:
    """The card as it was kept last; None where there is none, or it is damaged, or somebody else's."""
    try:
        kept = place(inventory)
        if kept.stat().st_uid != os.geteuid():
            return None
        card = codec.decode(Card, kept.read_text(encoding="utf-8"))
    except (OSError, ValueError, UsageError):
        return None
    assert isinstance(card, Card)  # noqa: S101 - for the type checker
    return card


def keep(inventory: Path, card: Card) -> None:
    """Without passwords, mode 0600. A full or read-only disk costs the speed of an evacuation, not this command."""
    before = load(inventory)
    plain = replace(
        card,
        edges=tuple(replace(node, login=_without_secrets(node.login)) for node in card.edges),
        balancers=tuple(replace(one, login=_without_secrets(one.login)) for one in card.balancers),
    )
    if before is not None and replace(before, written=card.written) == plain:
        return
    copy = place(inventory)
    new = copy.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(codec.encode(plain))
        new.replace(copy)


def _without_secrets(login: Login) -> Login:
    return replace(login, password="", become_password="")
