"""What each step under way waits for, and until when"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deployer.pending import Pending
from deployer.progress import Progress
from deployer.report.phrases import phrase
from deployer.report.words import duration
from deployer.rules import Then
from deployer.settings.limits import limits
from deployer.settings.values import Settings
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Step, Verify, verb

FOLLOWS = {
    Then.HOLD: "at most; then it goes on waiting",
    Then.ABORT: "at most; then everything is put back",
    Then.PROMOTE: "at most; then it goes on by itself",
}
ON_DRAIN = {"wait": "and waits on", "cut": "at most; then they are cut", "abort": "at most; then it goes back"}


@dataclass(frozen=True, slots=True)
class Doing:
    """One step under way; at `until` (UTC epoch seconds, None: no limit) `then` follows."""

    number: int
    stage: str
    text: str
    waits: str
    since: float
    until: float | None
    then: str


def doing(progress: Progress, settings: Settings, asked: Pending | None) -> Iterator[Doing]:
    for line, number in progress.in_doubt:
        _, _, stage, step = next(item for item in progress.lines[line].walk() if item[0] == number)
        since = progress.started_at[line, number]
        if asked is not None and (asked.line, asked.number) == (line, number) and asked.since is not None:
            waits, since, until, then = "for a person to answer", asked.since, asked.due, FOLLOWS[asked.then]
        else:
            waits, limit, then = _limit(step, settings)
            until = since + limit if limit else None
        yield Doing(number, stage.name, phrase(step), waits, since, until, then)


def _limit(step: Step, settings: Settings) -> tuple[str, float, str]:
    """What it waits for, for how many seconds (0: no limit), and what follows then."""
    limit, follows = limits(settings).get(verb(step), 0.0), "at most; then it fails"
    match step:
        case Fetch():
            return "for every host to have the release, digest checked", limit, follows
        case Drain():
            return "for requests in flight to end", limit, ON_DRAIN[settings.rolling.on_drain_timeout]
        case Deploy():
            return "for the service to be restarted with the release", limit, follows
        case Verify():
            healthy = duration(settings.app.healthy_for)
            return f"for {healthy} of health in a row, and this release in the answer", limit, follows
        case Readmit():
            return "for every balancer to show them up, and for requests to arrive", limit, follows
        case Shift():
            return "for every balancer to report these shares", limit, follows
        case Ask():
            told = "for the gate, which compares both releases" if step.versus else "for the gate"
            return told, step.bake, "at the earliest it is judged"
