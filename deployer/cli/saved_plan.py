"""A plan in a file, with the picture it was drawn from: carried out only while the world is still so"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from deployer import codec
from deployer.errors import Stale, UsageError
from deployer.model import Picture
from deployer.plan import Plan

_KIND = "deployer plan 1"


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """`made` is UTC epoch seconds, `digest` that of the picture."""

    kind: str
    inventory: str
    made: float
    digest: str
    plan: Plan
    picture: Picture


def is_file(typed: str) -> bool:
    """A version never looks like this."""
    return "/" in typed or typed.endswith((".json", ".plan"))


def digest(picture: Picture) -> str:
    """What must be the same for a plan to hold: releases, who is in service where, splits and slots."""
    hosts = tuple((seen.host, seen.site, seen.release, seen.views) for _, seen in sorted(picture.hosts.items()))
    return sha256(repr((hosts, sorted(picture.splits.items()), sorted(picture.slots.items()))).encode()).hexdigest()


def save(path: Path, inventory: str, plan: Plan, picture: Picture, made: float) -> None:
    saved = SavedPlan(_KIND, inventory, made, digest(picture), plan, picture)
    try:
        path.write_text(codec.encode(saved) + "\n", encoding="ascii")
    except OSError as wrong:
        raise UsageError(f"the plan cannot be written: {wrong.strerror}", where=str(path)) from wrong


def load(path: Path) -> SavedPlan:
    """Raises UsageError when it is not a plan of ours."""
    try:
        saved = codec.decode(SavedPlan, path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as wrong:
        raise UsageError(f"the plan cannot be read: {wrong}", where=str(path)) from wrong
    except UsageError as wrong:
        raise UsageError(
            f"this is not a saved plan: {wrong.what}", where=str(path), remedy=f"deployer plan VERSION -o {path}"
        ) from wrong
    if not isinstance(saved, SavedPlan) or saved.kind != _KIND or digest(saved.picture) != saved.digest:
        raise UsageError("this is not a saved plan, or it was changed", where=str(path))
    return saved


def still_true(before: Picture, now: Picture, remedy: str) -> None:
    """Raises Stale naming every host that moved."""
    if digest(before) == digest(now):
        return
    moved = [
        f"{name} is {_state(now, name)}, was {_state(before, name)}"
        for name in sorted({*before.hosts, *now.hosts})
        if _state(before, name) != _state(now, name)
    ]
    raise Stale("the world moved: " + ("; ".join(moved) or "users are split in another way"), remedy=remedy)


def _state(picture: Picture, name: str) -> str:
    seen = picture.hosts.get(name)
    if seen is None:
        return "not in the inventory"
    views = ", ".join(f"{view.balancer} {view.standing.value}" for view in seen.views)
    return f"{seen.release or 'an unknown release'} ({views})"
