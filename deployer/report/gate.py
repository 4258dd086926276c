"""A verdict explained in words, with its numbers"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deployer.errors import UsageError
from deployer.gates import spoken
from deployer.gates.judge.judgement import Judged
from deployer.report import words
from deployer.report.verdicts import VerdictAccount


def chosen(verdicts: Sequence[VerdictAccount], named: str) -> VerdictAccount:
    """The one of this step, by its number or a part of what it is about; the last one when it is "last".

    Raises:
        UsageError: that lists the questions there are.
    """
    if not verdicts:
        raise UsageError("no gate judged anything in this run", remedy="a section gate in deployer.yml")
    if named == "last":
        return verdicts[-1]
    found = [one for one in verdicts if str(one.number) == named] or [
        one for one in verdicts if named in one.step.about
    ]
    if len(found) == 1:
        return found[0]
    known = "; ".join(f"{one.number} ({one.step.about})" for one in verdicts)
    raise UsageError(f"{'several questions are' if found else 'no question is'} {named!r}: {known}")


def gate_text(one: VerdictAccount) -> str:
    """Ends in a newline."""
    return "\n".join(words.safe(line) for line in _lines(one)) + "\n"


def _lines(one: VerdictAccount) -> Iterator[str]:
    step = one.step
    yield f"step {one.number}, {step.gate}: {step.about}"
    yield f"  verdict   {one.verdict.value if one.verdict else 'not yet'}"
    for line in one.note.split("; "):
        yield f"            {line}"
    if one.approved:
        yield f"  approved  by {one.approved}"
    for versus in step.versus:
        how = " (restarted with them)" if versus.restarted else ""
        old = f"{step.former} on {words.hosts(versus.old)}{how}" if versus.old else f"what {step.former} did before"
        yield f"  compared  {versus.site}: {step.release} on {words.hosts(versus.new)}, {old}"
    if one.source:
        yield f"  source    {one.source}"
    yield from _looked(one)
    if one.judged:
        yield from _judged(one.judged, one.seconds)


def _looked(one: VerdictAccount) -> Iterator[str]:
    if not one.looks:
        yield "  window    none: nothing was measured"
        return
    last, windows = one.looks[-1], {look.window for look in one.looks}
    looks = f"{words.count(len(one.looks), 'look')} at {words.count(len(windows), 'window')}"
    yield f"  window    {words.moment(last.since)}, {words.duration(last.at - last.since)} long; {looks}"
    if len(windows) > 1:
        yield "            earlier windows are not counted: shares, hosts or a balancer changed, or data were missing"


def _judged(judged: Judged, seconds: float) -> Iterator[str]:
    config, said = judged.config, judged.judgement
    yield f"  score     {said.score:.0f} of 100; {config.pass_:g} passes, below {config.marginal:g} fails"
    yield (
        f"  alpha     {judged.budget.alpha:.2g} for this window, of {config.false_abort:.2g} for the whole run "
        "(the chance to take back a harmless release)"
    )
    for fault in judged.data.faults:
        place = ", ".join(part for part in (fault.site, fault.metric) if part)
        yield f"  data      {place + ': ' if place else ''}{fault.what}"
    yield "  metrics"
    yield from (f"    {line}" for line in spoken.lines(said, seconds))
    for site, metrics in said.sites.items():
        yield f"  at {site}"
        yield from (f"    {spoken.line(metric, seconds)}" for metric in metrics)
    if judged.data.queries:
        yield "  asked, as it was sent"
        for query in judged.data.queries:
            yield f"    {query.metric} of the {query.group} at {query.site}"
            yield f"      {query.text}"
