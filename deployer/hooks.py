"""The operator's own hooks: commands, playbooks and addresses that are called at points of a run, and told where it is

Those of a site run once the edge has moved, all of a site at once, and never hold it up. They must be such as may run
twice: a shift that finds the edge as it should be runs them once more, so whoever types it again repeats what failed.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from deployer.errors import DeployerError
from deployer.gates.command import run
from deployer.model import Split

if TYPE_CHECKING:
    from deployer.settings.hooks import HookCall
    from deployer.settings.values import Settings

ABREAST = 8
_ADDRESSES = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Hook:
    """`run` is a command, a playbook, an address, or $NAME of a variable with an address; `timeout` is in seconds."""

    run: str
    timeout: float
    required: bool = False

    def __str__(self) -> str:
        """Without what an address may keep secret."""
        place = urlsplit(self.run) if self.run.startswith(_ADDRESSES) else None
        return f"{place.scheme}://{place.hostname}" if place else self.run


@dataclass(frozen=True, slots=True)
class Hooks:
    """`inventory` is what playbooks run on; programs and playbooks count from its directory. `at` has them by point.

    `arguments` are those of ansible-playbook, such as where the vault's password is.
    """

    inventory: str
    at: Mapping[str, tuple[Hook, ...]] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        place = Path(self.inventory)
        return place if place.is_dir() else place.parent


NO_HOOKS = Hooks("")


@dataclass(frozen=True, slots=True)
class Call:
    """One hook at one point; `site` is empty where it is not about one."""

    site: str
    event: str
    hook: Hook

    def __str__(self) -> str:
        return f"hook {' '.join(filter(None, (self.event, self.site)))} ({self.hook})"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a hook learns, as DEPLOYER_RUN, DEPLOYER_RELEASE … or as JSON; what is not known is empty."""

    run: str = ""
    service: str = ""
    release: str = ""
    strategy: str = ""
    owner: str = ""
    reason: str = ""
    stage: str = ""
    end: str = ""
    note: str = ""


def of(settings: Settings, inventory: Path, arguments: tuple[str, ...] = ()) -> Hooks:
    from deployer.settings.hooks import POINTS

    values = settings.hooks
    at = {point: tuple(_hook(one, values.timeout) for one in getattr(values, point)) for point in POINTS}
    return Hooks(str(inventory.absolute()), {point: found for point, found in at.items() if found}, arguments)


def _hook(values: HookCall, timeout: float) -> Hook:
    return Hook(values.run, values.timeout if values.timeout is not None else timeout, values.required)


def calls(hooks: Hooks, before: Split | None, after: Split) -> tuple[Call, ...]:
    """What follows from this shift: hooks of sites whose share went to 0, or came from there.

    Those of all sites, where nothing moved or it is not known from where.
    """
    return tuple(_calls(hooks, None if before and before.alike(after) else before, after))


def play(hooks: Hooks, called: tuple[Call, ...], facts: Facts) -> tuple[tuple[Call, str], ...]:
    """Each with what went wrong, "" for nothing. Returns when all have ended, or their time is over."""
    with ThreadPoolExecutor(ABREAST) as pool:
        return tuple(pool.map(lambda call: (call, played(hooks, call, facts)), called))


def played(hooks: Hooks, call: Call, facts: Facts) -> str:
    """What went wrong with this one, "" for nothing."""
    if call.hook.run.startswith((*_ADDRESSES, "$")):
        return _posted(call, facts)
    command = _playbook(hooks, call) if call.hook.run.endswith((".yml", ".yaml")) else call.hook.run
    return run(command, hooks.folder, _environment(call, facts), call.hook.timeout)


def _calls(hooks: Hooks, before: Split | None, after: Split) -> Iterator[Call]:
    for site, share in after.shares:
        if before is None or bool(before.of(site)) != bool(share):
            event = "active" if share else "passive"
            for hook in hooks.at.get(event, ()):
                yield Call(site, event, replace(hook, run=hook.run.replace("{site}", site)))


def _posted(call: Call, facts: Facts) -> str:
    from deployer.notices.post import send

    address = os.environ.get(call.hook.run[1:], "") if call.hook.run.startswith("$") else call.hook.run
    if not address:
        return f"the environment has no {call.hook.run[1:]}"
    told = {**asdict(facts), "site": call.site, "event": call.event}
    try:
        send("POST", address, json.dumps(told).encode(), {}, call.hook.timeout)
    except DeployerError as wrong:
        return f"{call.hook}: {wrong.what}"
    return ""


def _playbook(hooks: Hooks, call: Call) -> str:
    own = Path(sys.executable).with_name("ansible-playbook")
    facts = (f"deployer_site={call.site}", f"deployer_event={call.event}")
    told = (word for fact in facts for word in ("-e", fact))
    program = str(own) if own.exists() else "ansible-playbook"
    return shlex.join((program, "-i", hooks.inventory, *hooks.arguments, *told, str(hooks.folder / call.hook.run)))


def _environment(call: Call, facts: Facts) -> Mapping[str, str]:
    own = {**asdict(facts), "site": call.site, "event": call.event}
    return {**os.environ, **{f"DEPLOYER_{name.upper()}": value for name, value in own.items()}}
