"""What each step under way waits for, and until when"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deployer.events import End, OnHold
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


@dataclass(frozen=True, slots=True)
class Asked:
    """A person is asked since this moment; at `until` (None: never) `then` follows, whatever they do."""

    question: Pending
    since: float
    until: float | None
    then: str


def asked(question: Pending | None, progress: Progress, settings: Settings, now: float) -> Asked | None:
    """Where a gate found no verdict, or has looked for so long that it waits for somebody, watching on."""
    if question is None:
        return None
    if question.since is not None:
        return Asked(question, question.since, question.due, FOLLOWS[question.then])
    began = progress.started_at[question.line, question.number]
    since = began + longest(_step(progress, question.line, question.number), settings)
    if settings.gate is None or now < since:
        return None
    return Asked(question, since, since + settings.gate.wait, "at most; then it ends, and can be resumed")


def longest(step: Step, settings: Settings) -> float:
    """Seconds a gate looks for a verdict."""
    return max(step.bake, settings.gate.max_bake if settings.gate else 0.0) if isinstance(step, Ask) else 0.0


def doing(progress: Progress, settings: Settings, asks: Asked | None) -> Iterator[Doing]:
    if progress.on_hold and progress.end is None:
        yield _held(progress, progress.on_hold)
    for line, number in progress.in_doubt if _goes_on(progress) else ():
        if line != progress.line:
            continue
        stage = progress.lines[line].stage_of(number)
        step = _step(progress, line, number)
        since = progress.started_at[line, number]
        if asks is not None and (asks.question.line, asks.question.number) == (line, number):
            waits, since, until, then = "for a person to answer", asks.since, asks.until, asks.then
        else:
            waits, limit, then = _limit(step, settings)
            until = since + limit if limit else None
        yield Doing(number, stage.name, phrase(step), waits, since, until, then)


def _goes_on(progress: Progress) -> bool:
    return progress.end is None or progress.end.end not in (End.DONE, End.PUT_BACK)


def _held(progress: Progress, hold: OnHold) -> Doing:
    stage = progress.lines[hold.line].stage_of(hold.number)
    text = phrase(_step(progress, hold.line, hold.number))
    return Doing(hold.number, stage.name, text, f"because it is {hold.why}", progress.changed, hold.until, "it goes on")


def _step(progress: Progress, line: int, number: int) -> Step:
    return progress.lines[line].numbered[number]


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
            if not step.versus:
                return "for its time to go by", step.bake, "it goes on"
            told = f"for the gate, which compares both releases for at least {duration(step.bake)}"
            return told, longest(step, settings), "at most; then a person is asked"
