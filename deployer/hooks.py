"""What else moves with the users: the operator's commands and playbooks when a site becomes active or passive

They run once the edge has moved, all of a site at once, and never hold it up. They must be such as may run twice: a
shift that finds the edge as it should be runs them once more, so whoever types it again repeats what failed.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.gates.command import run
from deployer.model import Split

if TYPE_CHECKING:
    from deployer.settings.values import Settings

ABREAST = 8


@dataclass(frozen=True, slots=True)
class Hooks:
    """`inventory` is what playbooks run on; programs and playbooks count from its directory. `timeout` is in seconds.

    `arguments` are those of ansible-playbook, such as where the vault's password is.
    """

    inventory: str
    active: tuple[str, ...]
    passive: tuple[str, ...]
    timeout: float
    arguments: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        place = Path(self.inventory)
        return place if place.is_dir() else place.parent


NO_HOOKS = Hooks("", (), (), 0.0)


@dataclass(frozen=True, slots=True)
class Call:
    """One hook for one site; `event` is active or passive."""

    site: str
    event: str
    hook: str

    def __str__(self) -> str:
        return f"hook {self.event} {self.site} ({self.hook})"


def of(settings: Settings, inventory: Path, arguments: tuple[str, ...] = ()) -> Hooks:
    values = settings.hooks
    return Hooks(str(inventory.absolute()), values.active, values.passive, values.timeout, arguments)


def calls(hooks: Hooks, before: Split | None, after: Split) -> tuple[Call, ...]:
    """What follows from this shift: hooks of sites whose share went to 0, or came from there.

    Those of all sites, where nothing moved or it is not known from where.
    """
    return tuple(_calls(hooks, None if before and before.alike(after) else before, after))


def play(hooks: Hooks, called: tuple[Call, ...], run_name: str) -> tuple[tuple[Call, str], ...]:
    """Each with what went wrong, "" for nothing. Returns when all have ended, or their time is over."""
    with ThreadPoolExecutor(ABREAST) as pool:
        return tuple(pool.map(lambda call: (call, _play(hooks, call, run_name)), called))


def _calls(hooks: Hooks, before: Split | None, after: Split) -> Iterator[Call]:
    for site, share in after.shares:
        if before is None or bool(before.of(site)) != bool(share):
            event, named = ("active", hooks.active) if share else ("passive", hooks.passive)
            yield from (Call(site, event, hook.replace("{site}", site)) for hook in named)


def _play(hooks: Hooks, call: Call, run_name: str) -> str:
    words = _playbook(hooks, call) if call.hook.endswith((".yml", ".yaml")) else call.hook
    return run(words, hooks.folder, _environment(call, run_name), hooks.timeout)


def _playbook(hooks: Hooks, call: Call) -> str:
    own = Path(sys.executable).with_name("ansible-playbook")
    facts = (f"deployer_site={call.site}", f"deployer_event={call.event}")
    told = (word for fact in facts for word in ("-e", fact))
    program = str(own) if own.exists() else "ansible-playbook"
    return shlex.join((program, "-i", hooks.inventory, *hooks.arguments, *told, str(hooks.folder / call.hook)))


def _environment(call: Call, run_name: str) -> Mapping[str, str]:
    own = {"SITE": call.site, "EVENT": call.event, "RUN": run_name}
    return {**os.environ, **{f"DEPLOYER_{name}": value for name, value in own.items()}}
