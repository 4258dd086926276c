"""What each step under way waits for, and until when"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deployer.errors import UsageError
from deployer.progress import Progress, waiting_at
from deployer.report.phrases import phrase
from deployer.report.words import duration
from deployer.settings.values import Settings
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Step, Verify


@dataclass(frozen=True, slots=True)
class Doing:
    """One step under way; `until` (UTC epoch seconds, None: no limit) is when `then` follows."""

    number: int
    stage: str
    text: str
    waits: str
    since: float
    until: float | None
    then: str


def doing(progress: Progress, settings: Settings) -> Iterator[Doing]:
    for line, number in progress.in_doubt:
        _, _, stage, step = next(item for item in progress.lines[line].walk() if item[0] == number)
        since = progress.started_at[line, number]
        waits, limit, then = _limit(step, settings)
        asked = progress.asked_at.get((line, number))
        if asked is not None:
            since, waits, (limit, then) = asked, "for a person to answer", _answer(settings)
        until = since + limit if limit else None
        yield Doing(number, stage.name, phrase(step), waits, since, until, then)


def asking(progress: Progress, *, at_work: bool) -> str:
    """What a person is asked: a gate had no verdict, or only a person can answer. "" when nobody is."""
    try:
        gate = waiting_at(progress, at_work=at_work)
    except UsageError:
        return ""
    unanswered = (gate.line, gate.number) in progress.answers and (gate.line, gate.number) not in progress.approved
    return gate.about if unanswered else ""


def _answer(settings: Settings) -> tuple[float, str]:
    rules = settings.approvals.rules
    return rules.timeout, f"then: {rules.then.value}"


def _limit(step: Step, settings: Settings) -> tuple[str, float, str]:
    """What it waits for, for how many seconds at most (0: no limit), and what follows then."""
    rolling, app = settings.rolling, settings.app
    match step:
        case Fetch():
            return "for every host to have the release, digest checked", settings.release.timeout, "then it fails"
        case Drain():
            ways = {"wait": "it waits on", "cut": "they are cut", "abort": "it goes back"}
            return "for requests in flight to end", rolling.drain_timeout, f"then {ways[rolling.on_drain_timeout]}"
        case Deploy():
            return "for the service to run the release", app.start_timeout, "then it fails"
        case Verify():
            told = f"for {duration(app.healthy_for)} of health in a row, and this release in the answer"
            return told, app.start_timeout, "then it fails"
        case Readmit():
            return "for every balancer to show them up, and for requests to arrive", app.start_timeout, "then it fails"
        case Shift():
            return "for every balancer to report these shares", settings.balancers.agree_within, "then it fails"
        case Ask():
            told = "for the gate, which compares both releases" if step.versus else "for the gate"
            return told, step.bake, "then it is judged"
