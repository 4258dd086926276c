"""The way back: another plan, computed from what was seen before each step

Users go back first, hosts later; stages are undone in reverse order, each within the same waves as forward.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from deployer.model import HostSeen, Picture, Release, Split, Undo
from deployer.plan import Leg, Plan, Stage
from deployer.progress import Progress
from deployer.steps import Deploy, Drain, Readmit, Shift, Step, Verify


@dataclass(frozen=True, slots=True)
class WayBack:
    """`lost` says what cannot be put back, and why, in words for people."""

    plan: Plan
    lost: tuple[str, ...]


@dataclass(slots=True)
class _Trace:
    """What a stage did: its hosts as they were first seen, which were deployed to, what was shifted."""

    leg: Leg
    stage: Stage
    finished: bool = True
    before: dict[str, HostSeen] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    splits: dict[str, Split] = field(default_factory=dict)

    @property
    def touched(self) -> bool:
        return bool(self.before or self.splits)


def way_back(progress: Progress, scope: Undo, now: Picture) -> WayBack:
    """The plan that puts `scope` of the run's line 0 back; hosts that are already as before are left alone."""
    traces = _in_scope(_traces(progress), scope)
    lost: list[str] = []
    legs = [_users_first(traces)]
    for trace in reversed(traces):
        steps = tuple(_hosts_back(progress.plan, trace, now, lost))
        if steps:
            stage = Stage(f"undo {trace.stage.name}", trace.stage.site, steps)
            legs.append(Leg(f"undo {trace.stage.name}", trace.leg.site, (stage,)))
    return WayBack(Plan(progress.plan.intent, tuple(leg for leg in legs if leg.stages)), tuple(lost))


def as_before(before: Picture, now: Picture) -> tuple[str, ...]:
    """Where the world differs from what it was before the run; empty when everything is as it was."""
    found = []
    for host, was in before.hosts.items():
        seen = now.hosts.get(host)
        if seen is None or (seen.release, seen.in_service) != (was.release, was.in_service):
            found.append(f"{host} {_state(seen)}, was {_state(was)}")
    return tuple(found)


def _state(seen: HostSeen | None) -> str:
    if seen is None:
        return "is gone"
    return f"{'in' if seen.in_service else 'out of'} service with {seen.release or 'an unknown release'}"


def _traces(progress: Progress) -> Iterator[_Trace]:
    for (leg, stage), walked in groupby(progress.plan.walk(), key=lambda item: (item[1], item[2])):
        trace = _Trace(leg, stage)
        for number, _, _, step in walked:
            begun = progress.begun.get((0, number))
            trace.finished = trace.finished and (0, number) in progress.done
            if begun is None or not isinstance(step, Drain | Deploy | Readmit | Shift):
                continue
            for seen in begun.before:
                trace.before.setdefault(seen.host, seen)
            if isinstance(step, Deploy):
                trace.changed.update(step.hosts)
            if isinstance(step, Shift) and begun.split is not None:
                trace.splits.setdefault(step.scope, begun.split)
        if trace.touched:
            yield trace


def _in_scope(traces: Iterable[_Trace], scope: Undo) -> Sequence[_Trace]:
    every = list(traces)
    unfinished = [trace for trace in every if not trace.finished]
    match scope:
        case Undo.ALL:
            return every
        case Undo.SITE:
            sites = {trace.stage.site for trace in unfinished or every[-1:]}
            return [trace for trace in every if trace.stage.site in sites]
        case Undo.STAGE:
            return unfinished
        case Undo.NONE:
            return []


def _users_first(traces: Sequence[_Trace]) -> Leg:
    first: dict[str, Split] = {}
    for trace in traces:
        for where, split in trace.splits.items():
            first.setdefault(where, split)
    shifts = tuple(Shift(where, split) for where, split in first.items())
    return Leg("users back", "", (Stage("users back", "", shifts),) if shifts else ())


def _hosts_back(plan: Plan, trace: _Trace, now: Picture, lost: list[str]) -> Iterator[Step]:
    site = trace.stage.site
    todo = [was for was in trace.before.values() if not _same(was, now.hosts.get(was.host))]
    unknown = [was for was in todo if was.release is None]
    changed = [was for was in todo if was.host in trace.changed and was.release is not None]
    if plan.intent.release.irreversible and changed:
        lost += [f"{was.host}: {plan.intent.release.version} is irreversible, it stays" for was in changed]
        changed = []
    lost += [f"{was.host}: which release it ran before is not known" for was in unknown]
    only_out = [was for was in todo if was.host not in trace.changed and was.in_service and was.release is not None]
    yield from _return(site, only_out)
    if changed:
        yield Drain(site, tuple(was.host for was in changed))
        for release, hosts in _by_release(changed):
            yield Deploy(site, hosts, release)
        yield from _return(site, [was for was in changed if was.in_service])


def _return(site: str, served: Sequence[HostSeen]) -> Iterator[Step]:
    for release, hosts in _by_release(served):
        yield Verify(site, hosts, release)
    for slot, group in groupby(sorted(served, key=lambda was: was.slot), key=lambda was: was.slot):
        for release, hosts in _by_release(list(group)):
            yield Readmit(site, hosts, release, slot)


def _by_release(hosts: Sequence[HostSeen]) -> Iterator[tuple[Release, tuple[str, ...]]]:
    for version in dict.fromkeys(was.release or "" for was in hosts):
        yield Release(version), tuple(was.host for was in hosts if was.release == version)


def _same(was: HostSeen, seen: HostSeen | None) -> bool:
    return seen is not None and (was.release, was.in_service) == (seen.release, seen.in_service)
