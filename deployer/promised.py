"""What was promised against what is there, judged from outside when a line was walked to its end"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deployer.model import HostSeen, Picture
from deployer.progress import Progress
from deployer.steps import Deploy, Drain, Readmit, Shift, hosts_of
from deployer.undo import in_doubt

NAMED = 6
"""So many hosts are named in one sentence."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Sentences for people: what is not as promised, and what else they should know."""

    broken: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def forward(progress: Progress, now: Picture) -> Comparison:
    """The plan's hosts serve, or are out, as its last step for each says; held ones are out, or as they were.

    Hosts that the intent speaks of but the plan left alone must not have changed; of others a change is only told.
    """
    before, intent = progress.picture or now, progress.plan.intent
    only = frozenset(intent.only)
    broken: list[tuple[str, str]] = []
    notes: list[tuple[str, str]] = []
    promised = _last_promises(progress)
    for host, was in before.hosts.items():
        seen = now.hosts.get(host)
        if host in progress.held:
            kept = seen is not None and (seen.idle or _state(seen) == _state(was))
            (notes if kept else broken).append((host, f"left out, {_state(seen)} ({progress.held[host]})"))
        elif host in promised:
            if not _kept(promised[host], seen):
                broken.append((host, f"{_state(seen)}, promised was {promised[host] or 'out of service'}"))
        elif _state(seen) != _state(was):
            ours = host in only if only else was.site in intent.sites
            (broken if ours else notes).append((host, f"{_state(seen)}, formerly {_state(was)}, not by this run"))
    return Comparison(_sentences(broken), _sentences(notes))


def back(progress: Progress, now: Picture) -> Comparison:
    """Everything the run touched is as before it; what else changed meanwhile is only told."""
    before = progress.picture or now
    touched, doubt = _touched(progress), in_doubt(progress)
    broken: list[tuple[str, str]] = []
    notes: list[tuple[str, str]] = []
    for host, was in before.hosts.items():
        seen = now.hosts.get(host)
        if _state(seen) == _state(was):
            if host in doubt:
                broken.append((host, "perhaps not as it looks: its last step was not seen to become true"))
            continue
        if host in touched:
            broken.append((host, f"{_state(seen)}, formerly {_state(was)}"))
        else:
            notes.append((host, f"{_state(seen)}, formerly {_state(was)}, not by this run"))
    moved = {
        scope: f"{scope}: {now.splits.get(scope) or 'no split'}, was {split}"
        for scope, split in before.splits.items()
        if now.splits.get(scope) != split
    }
    ours = _shifted(progress)
    aside = tuple(f"{host}: {why}" for host, why in progress.left_out.items() if host in dict(broken))
    others = (f"{said}, not by this run" for scope, said in moved.items() if scope not in ours)
    splits = (said for scope, said in moved.items() if scope in ours)
    return Comparison((*aside, *_sentences(broken), *splits), (*_sentences(notes), *others))


def _last_promises(progress: Progress) -> dict[str, str | None]:
    """Host to the release it serves in the end, None for out of service."""
    promised: dict[str, str | None] = {}
    for step in progress.plan.steps:
        if isinstance(step, Readmit):
            promised.update(dict.fromkeys(step.hosts, step.release.version))
        elif isinstance(step, Drain):
            promised.update(dict.fromkeys(step.hosts))
    return promised


def _kept(release: str | None, seen: HostSeen | None) -> bool:
    if seen is None:
        return False
    return seen.idle if release is None else seen.in_service and seen.release == release


def _touched(progress: Progress) -> set[str]:
    return {
        host
        for line, plan in enumerate(progress.lines)
        for number, _, _, step in plan.walk()
        if (line, number) in progress.begun and isinstance(step, Drain | Deploy | Readmit)
        for host in hosts_of(step)
    }


def _shifted(progress: Progress) -> set[str]:
    """Scopes whose split the run has set: the edge may be evacuated while a release is taken back."""
    return {
        step.scope
        for line, plan in enumerate(progress.lines)
        for number, _, _, step in plan.walk()
        if (line, number) in progress.begun and isinstance(step, Shift)
    }


def _state(seen: HostSeen | None) -> str:
    if seen is None:
        return "not to be seen"
    return f"{'in' if seen.in_service else 'out of'} service with {seen.release or 'an unknown release'}"


def _sentences(found: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Hosts of which the same is to be said, in one sentence."""
    alike: dict[str, list[str]] = {}
    for host, what in found:
        alike.setdefault(what, []).append(host)
    return tuple(f"{_named(hosts)} {'are' if len(hosts) > 1 else 'is'} {what}" for what, hosts in alike.items())


def _named(hosts: list[str]) -> str:
    more = len(hosts) - NAMED
    return ", ".join(hosts[:NAMED]) + (f" and {more} more" if more > 0 else "")
