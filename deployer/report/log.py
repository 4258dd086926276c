"""The story of a run, one line per record: for pipes, CI and `deployer show`"""

from __future__ import annotations

from deployer.events import (
    AbortAsked,
    Approved,
    Begun,
    Called,
    Done,
    Ended,
    Failed,
    Frozen,
    GoingBack,
    Held,
    Injected,
    Lifted,
    LockBroken,
    Looked,
    OnHold,
    Overrode,
    Planned,
    Record,
    Taken,
    Undecided,
)
from deployer.gates import spoken
from deployer.progress import Progress, StepId
from deployer.report import words
from deployer.report.phrases import ENDINGS, phrase, subject
from deployer.world import Outcome


class Log:
    """Takes the records of one run in order and gives lines without a line end."""

    def __init__(self) -> None:
        self._progress = Progress()
        self._stage = ""
        self._told = {""}
        self._began: dict[StepId, float] = {}

    def lines(self, record: Record) -> list[str]:
        """What happened, stages as headings; empty when a record says nothing to people."""
        self._progress.apply(record)
        said = self._said(record)
        at = words.time_of_day(record.at)
        return [f"{at}  {line}" for line in said]

    def waiting(self, step: StepId, line: str, at: float) -> str:
        return f"{words.time_of_day(at)}    {step[1]:>3} … {words.one_line(line)}"

    def _said(self, record: Record) -> list[str]:  # noqa: C901, PLR0912 - one arm per kind of record
        match record.event:
            case Planned() as planned:
                return [f"run {record.run}: {subject(planned.plan.intent)} by {words.one_line(planned.owner)}"]
            case Taken() as taken:
                return [f"taken by {words.one_line(taken.owner)}, epoch {taken.epoch}"]
            case Begun() as begun:
                return self._begun((begun.line, begun.number), record.at)
            case Done() as done:
                return self._done((done.line, done.number), done.outcome, record.at)
            case Failed() as failed:
                self._told.add(f"{failed.where}: {failed.what}" if failed.where else failed.what)
                return [*_failed(failed), *self._metrics((failed.line, failed.number), failed.outcome)]
            case Looked():
                return []
            case Undecided() as asked:
                told = f"  {asked.number:>3} no verdict: {words.one_line(asked.outcome.note)}"
                return [told, *self._metrics((asked.line, asked.number), asked.outcome)]
            case Held() as held:
                return [f"held out of the pool: {words.hosts(held.hosts)}: {words.one_line(held.why)}"]
            case AbortAsked() as asked:
                why = f": {words.one_line(asked.reason)}" if asked.reason else ""
                return [f"{words.one_line(asked.who)} asked to go back{why}"]
            case Called() as one:
                how = f"FAILED: {words.one_line(one.wrong)}" if one.wrong else f"done in {words.duration(one.seconds)}"
                return [f"  hook {one.point} ({words.one_line(one.hook)}) {how}"]
            case Injected() as drill:
                why = f": {words.one_line(drill.reason)}" if drill.reason else ""
                return [f"{words.one_line(drill.who)} injects faults: {words.one_line(drill.what)}{why}"]
            case OnHold() as hold:
                until = f", until {words.moment(hold.until)}" if hold.until is not None else ""
                return [f"on hold before step {hold.number}: {words.one_line(hold.why)}{until}"]
            case Overrode() as over:
                both = f"{words.one_line(over.who)} and {words.one_line(over.second)}"
                return [f"{both} let it go on though there is a freeze: {words.one_line(over.reason)}"]
            case Frozen() as frozen:
                return [f"frozen by {words.one_line(frozen.who)}: {words.one_line(frozen.reason)}"]
            case Lifted() as lifted:
                return [f"the freeze was lifted by {words.one_line(lifted.who)}"]
            case LockBroken() as broken:
                whose = f"{words.one_line(broken.owner)} for run {words.one_line(broken.run)}"
                return [f"{words.one_line(broken.who)} freed the lock of {whose}: {words.one_line(broken.reason)}"]
            case Approved() as approved:
                why = f": {words.one_line(approved.reason)}" if approved.reason else ""
                return [f"step {approved.number} was approved by {words.one_line(approved.who)}{why}"]
            case GoingBack() as back:
                return [f"going back{self._unless_told(back.why)}"]
            case Ended() as ended:
                return [f"{ENDINGS[ended.end]}{self._unless_told(ended.note)}"]

    def _unless_told(self, why: str) -> str:
        """`: why`, once."""
        told = why in self._told
        self._told.add(why)
        return "" if told else f": {words.one_line(why)}"

    def _begun(self, step_id: StepId, at: float) -> list[str]:
        line, number = step_id
        self._began[step_id] = at
        _, _, stage, step = next(item for item in self._progress.lines[line].walk() if item[0] == number)
        heading = [] if stage.name == self._stage else [words.one_line(stage.name)]
        self._stage = stage.name
        return [*heading, f"  {number:>3} {phrase(step)}"]

    def _done(self, step_id: StepId, outcome: Outcome, at: float) -> list[str]:
        took = f" in {words.duration(at - self._began.get(step_id, at))}"
        note = f": {words.one_line(outcome.note)}" if outcome.note else ""
        failed = [f"  {step_id[1]:>3} {host.host} failed: {words.one_line(host.note)}" for host in outcome.failed]
        return [f"  {step_id[1]:>3} done{took}{note}", *failed, *self._metrics(step_id, outcome)]

    def _metrics(self, step_id: StepId, outcome: Outcome | None) -> list[str]:
        """What was judged, a line each."""
        if outcome is None or outcome.judged is None:
            return []
        looks = self._progress.looks.get(step_id, ())
        seconds = looks[-1].at - looks[-1].since if looks else 0.0
        return [f"      {words.one_line(line)}" for line in spoken.lines(outcome.judged.judgement, seconds)]


def _failed(failed: Failed) -> list[str]:
    place = f"{words.hosts(words.one_line(failed.where).split(', '))}: " if failed.where else ""
    hosts = failed.outcome.failed if failed.outcome else ()
    return [
        f"  {failed.number:>3} FAILED {place}{words.one_line(failed.what)}",
        *(f"  {failed.number:>3} {host.host} failed: {words.one_line(host.note)}" for host in hosts),
    ]
