"""The way back: another plan, computed from what was seen before each step

Users go back first, hosts later; stages are undone in reverse order, each within the same waves as forward.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from deployer.model import HostSeen, Picture, Release, Split, Undo
from deployer.plan import Leg, Plan, Stage
from deployer.progress import Progress
from deployer.steps import Ask, Deploy, Drain, Readmit, Shift, Step, Verify


@dataclass(frozen=True, slots=True)
class WayBack:
    """`lost` says what cannot be put back, and why, in words for people."""

    plan: Plan
    lost: tuple[str, ...]


@dataclass(slots=True)
class _Trace:
    """What a stage did: its hosts as they were first seen, which got what release, what was shifted."""

    leg: Leg
    stage: Stage
    finished: bool = True
    before: dict[str, HostSeen] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    splits: dict[str, Split] = field(default_factory=dict)


def way_back(progress: Progress, scope: Undo, now: Picture) -> WayBack:
    """The plan that puts `scope` of the run's line 0 back; what is as before, beyond doubt, is left alone."""
    traces = _in_scope(list(_traces(progress)), scope)
    doubt = in_doubt(progress)
    early, late = _users_first(traces, now, doubt)
    legs = [early]
    lost: list[str] = []
    seen = dict(now.hosts)
    waiting: dict[str, Split] = {}
    served = _served(now)
    for trace in reversed(traces):
        waiting |= {where: split for where, split in trace.splits.items() if where in late}
        steps = (*_due(waiting, served), *_hosts_back(progress.plan, trace, seen, doubt, lost))
        served |= {(step.site, step.release.version) for step in steps if isinstance(step, Readmit)}
        back = {was.host: was for was in trace.before.values() if not _stays(progress.plan, trace, was)}
        seen.update(back)  # what an earlier stage finds when its turn comes
        doubt -= back.keys()
        if steps:
            stage = Stage(f"undo {trace.stage.name}", trace.stage.site, steps)
            legs.append(Leg(f"undo {trace.stage.name}", trace.leg.site, (stage,)))
    last = tuple(Shift(where, split, retreat=True) for where, split in waiting.items())
    legs.append(Leg("users back in the end", "", (Stage("users back in the end", "", last),) if last else ()))
    return WayBack(Plan(progress.plan.intent, tuple(leg for leg in legs if leg.stages)), tuple(lost))


def policy(progress: Progress) -> Undo:
    """How far to go back, now that a step of line 0 has failed; what is measured bad is bad everywhere."""
    failed = {number for line, number in progress.failed if line == 0}
    wanted = progress.plan.intent.undo
    leg, step = next(((leg, step) for number, leg, _, step in progress.plan.walk() if number in failed), (None, None))
    if isinstance(step, Ask) and step.versus and wanted is not Undo.NONE:
        return Undo.ALL
    return (leg and leg.undo) or wanted


def in_doubt(progress: Progress) -> frozenset[str]:
    """Hosts, and scopes of splits, whose last act, of any line, is not known to have become true.

    They may be otherwise than they look.
    """
    doubt: set[str] = set()
    for line, plan in enumerate(progress.lines):
        for number, _, _, step in plan.walk():
            if (line, number) not in progress.begun or not isinstance(step, Drain | Deploy | Readmit | Shift):
                continue
            names = {step.scope} if isinstance(step, Shift) else set(step.hosts)
            done = progress.done.get((line, number))
            doubt |= names
            if done is not None:
                doubt -= names - {host.host for host in done.outcome.failed}
    return frozenset(doubt)


def _traces(progress: Progress) -> Iterator[_Trace]:
    """Of the stages that were begun, or failed before they could."""
    number = 0
    for leg in progress.plan.legs:
        for stage in leg.stages:
            numbers = range(number + 1, number + 1 + len(stage.steps))
            number += len(stage.steps)
            if any((0, n) in progress.begun or (0, n) in progress.failed for n in numbers):
                yield _trace(progress, leg, stage, numbers)


def _trace(progress: Progress, leg: Leg, stage: Stage, numbers: range) -> _Trace:
    trace = _Trace(leg, stage, finished=all((0, number) in progress.done for number in numbers))
    for number, step in zip(numbers, stage.steps, strict=True):
        begun = progress.begun.get((0, number))
        if begun is None:
            continue
        for seen in begun.before:
            trace.before.setdefault(seen.host, seen)
        if isinstance(step, Deploy):
            trace.changed.update(dict.fromkeys(step.hosts, step.release.version))
        if isinstance(step, Shift) and begun.split is not None:
            trace.splits.setdefault(step.scope, begun.split)
    return trace


def _in_scope(traces: Sequence[_Trace], scope: Undo) -> Sequence[_Trace]:
    unfinished = [trace for trace in traces if not trace.finished]
    match scope:
        case Undo.ALL:
            return traces
        case Undo.SITE:
            sites = {trace.stage.site for trace in unfinished or traces[-1:]}
            return traces if "" in sites else [_at(trace, sites) for trace in traces]
        case Undo.STAGE:
            return unfinished
        case Undo.NONE:
            return []


def _at(trace: _Trace, sites: set[str]) -> _Trace:
    """What it did at these sites; a shift may stand in a stage of several."""
    return replace(
        trace,
        before={host: was for host, was in trace.before.items() if was.site in sites},
        splits={where: split for where, split in trace.splits.items() if where in sites},
    )


def _users_first(traces: Sequence[_Trace], now: Picture, doubt: frozenset[str]) -> tuple[Leg, frozenset[str]]:
    """One shift per scope back to where its users were, before any host goes back; at all sites at once, so that one
    that cannot be told holds up no other.

    Returns:
        That leg, and the scopes where it must wait because nobody is left there to serve them: stage by stage then.
    """
    first: dict[str, Split] = {}
    for trace in traces:
        for where, split in trace.splits.items():
            first.setdefault(where, split)
    late = frozenset(where for where, split in first.items() if not _receives(where, split, _served(now)))
    shifts = tuple(
        Shift(where, split, retreat=True)
        for where, split in first.items()
        if where not in late and (where in doubt or now.splits.get(where) != split)
    )
    stages = tuple(Stage(f"users back at {shift.scope}", _site(shift.scope), (shift,)) for shift in shifts)
    return Leg("users back", "", stages, max(1, len(stages))), late


def _site(scope: str) -> str:
    return "" if scope == "edge" else scope


def _served(now: Picture) -> set[tuple[str, str]]:
    """(site, release) of which a host is in service."""
    return {(host.site, host.release or "") for host in now.hosts.values() if host.in_service}


def _receives(where: str, split: Split, served: set[tuple[str, str]]) -> bool:
    names = {release for site, release in served if site == where} | {site for site, _ in served}
    return all(name in names for name, share in split.shares if share)


def _due(waiting: dict[str, Split], served: set[tuple[str, str]]) -> tuple[Shift, ...]:
    """Users go back as soon as somebody is there for them; till then they wait."""
    due = [where for where, split in waiting.items() if _receives(where, split, served)]
    return tuple(Shift(where, waiting.pop(where), retreat=True) for where in due)


def _stays(plan: Plan, trace: _Trace, was: HostSeen) -> bool:
    """The stage brought it a release from which there is no way back."""
    release = plan.intent.release
    return release.irreversible and trace.changed.get(was.host) == release.version


def _hosts_back(
    plan: Plan, trace: _Trace, seen: Mapping[str, HostSeen], doubt: frozenset[str], lost: list[str]
) -> Iterator[Step]:
    site = trace.stage.site
    todo = [was for was in trace.before.values() if was.host in doubt or not _same(was, seen.get(was.host))]
    kept = [was for was in todo if _stays(plan, trace, was)]
    lost += [f"{was.host}: {plan.intent.release.version} is irreversible, it stays" for was in kept]
    todo = [was for was in todo if was not in kept]
    unknown = [was for was in todo if was.release is None and (was.in_service or was.host in trace.changed)]
    lost += [f"{was.host}: which release it ran before is not known" for was in unknown]
    changed = [was for was in todo if was.host in trace.changed and was not in unknown]
    untouched = [was for was in todo if was.host not in trace.changed and was not in unknown]
    out = [was for was in (*untouched, *unknown) if not was.in_service]
    yield from _return(site, [was for was in untouched if was.in_service])
    if out or changed:
        yield Drain(site, tuple(was.host for was in (*out, *changed)))
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
