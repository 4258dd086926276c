"""What a gate must know of its run, read from the run's progress"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from deployer.gates.judge.data import Side
from deployer.model import Split
from deployer.progress import Progress, StepId
from deployer.steps import Ask, Deploy, Drain, Readmit, Shift
from deployer.world import Passed, Past

Act = Drain | Deploy | Readmit | Shift


def past(progress: Progress, number: int) -> Past:
    """As it is for step `number` of the line that is walked."""
    changes = _changes(progress)
    approved = progress.approved.get((progress.line, number))
    return Past(
        windows=max((look.window for looks in progress.looks.values() for look in looks), default=0),
        changed=changes.changed,
        shifted=changes.shifted,
        restarted=changes.restarted,
        changing=frozenset(changes.changing),
        passed=_passed(progress),
        before=_before(progress),
        approved=approved.who if approved else "",
        splits=kept(progress),
    )


def kept(progress: Progress) -> Mapping[str, Split]:
    """The splits that are to stay as they are: none where shares are being changed just now."""
    doubt = set(progress.in_doubt)
    moving = {step.scope for step_id, step in _acts(progress) if step_id in doubt and isinstance(step, Shift)}
    return {site: split for site, split in splits(progress).items() if site not in moving}


def splits(progress: Progress) -> Mapping[str, Split]:
    """Site to the split that the run set last. What it wanted to put back counts, also where it did not reach all."""
    return {site: split for site, (_, split) in set_at(progress).items()}


def set_at(progress: Progress) -> Mapping[str, tuple[float, Split]]:
    """The same with the moment, UTC epoch seconds: a run that began earlier may have been the last to act."""
    return {
        step.scope: (progress.ended_at.get(step_id, 0.0), step.split)
        for step_id, step in _acts(progress)
        if isinstance(step, Shift) and (step_id in progress.done or (step_id[0] and step_id in progress.failed))
    }


@dataclass(slots=True)
class _Changes:
    changed: dict[str, float] = field(default_factory=dict)
    shifted: dict[str, float] = field(default_factory=dict)
    restarted: dict[str, float] = field(default_factory=dict)
    changing: set[str] = field(default_factory=set)


def _changes(progress: Progress) -> _Changes:
    found = _Changes()
    for step_id, step in _acts(progress):
        site, ended = step.scope if isinstance(step, Shift) else step.site, progress.ended_at.get(step_id)
        if step_id in progress.in_doubt or ended is None:
            found.changing.add(site)
            continue
        found.changed[site] = max(ended, found.changed.get(site, 0.0))
        if isinstance(step, Shift):
            found.shifted[site] = found.changed[site]
        if isinstance(step, Deploy):
            found.restarted.update(dict.fromkeys(step.hosts, ended))
    return found


def _acts(progress: Progress) -> Iterator[tuple[StepId, Act]]:
    """What was begun and changes hosts or shares, of all lines."""
    for line, plan in enumerate(progress.lines):
        for number, _, _, step in plan.walk():
            if (line, number) in progress.begun and isinstance(step, Act):
                yield (line, number), step


def _passed(progress: Progress) -> Passed | None:
    """The last question of the line with two sides that was answered with yes."""
    found = None
    for number, _, _, step in progress.walking.walk():
        step_id = progress.line, number
        if isinstance(step, Ask) and step.versus and step_id in progress.done:
            found = Passed(number, step, progress.ended_at[step_id])
    return found


def _before(progress: Progress) -> Mapping[str, Side]:
    judged = (outcome.judged for outcome in progress.answers.values())
    return {side.site: side for one in judged if one is not None for side in one.data.baseline}
