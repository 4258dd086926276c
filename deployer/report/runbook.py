"""The plan as people read it before they say yes"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from deployer.foretold import Forecast
from deployer.model import Intent, Picture, Undo
from deployer.plan import Leg, Plan
from deployer.report import words
from deployer.report.phrases import object_of, place, subject
from deployer.steps import Ask, Deploy, Drain, Readmit, Step, Verify, hosts_of, verb

_UNDO = {
    Undo.STAGE: "the stage is undone, the run stops",
    Undo.SITE: "its site is undone, the run stops",
    Undo.ALL: "everything is undone",
    Undo.NONE: "the run stops, nothing is undone",
}


def runbook(
    plan: Plan,
    picture: Picture | None = None,
    foretold: Forecast | None = None,
    bakes: Mapping[int, Sequence[str]] = MappingProxyType({}),
) -> str:
    """The whole plan as text, ending in a newline; with a picture also what is there now.

    `bakes` are lines on the questions, by the number of their step.
    """
    return "\n".join((*_head(plan, picture, foretold), *_body(plan, bakes))) + "\n"


def _head(plan: Plan, picture: Picture | None, foretold: Forecast | None) -> Iterator[str]:
    intent = plan.intent
    yield f"{subject(intent)}, {intent.strategy}: {_size(plan)}"
    facts = (*_facts(plan, picture), *_gate(plan), *_times(foretold if plan.legs else None))
    yield from (f"  {label:<11} {words.one_line(text)}" for label, text in facts)


def _times(foretold: Forecast | None) -> Iterator[tuple[str, str]]:
    if foretold is None:
        return
    known = (
        f"{words.duration(foretold.takes)}, by the last {words.count(foretold.runs, 'run')}" if foretold.takes else ""
    )
    yield "takes", f"about {known}" if known else "not known yet: some verb was never measured here"
    if foretold.back:
        yield "way back", f"about {words.duration(foretold.back)} for everything, once it is done"


def _size(plan: Plan) -> str:
    if not plan.legs:
        return "nothing to do"
    return f"{words.count(len(plan.steps), 'step')} in {words.count(len(plan.stages), 'stage')}"


def _facts(plan: Plan, picture: Picture | None) -> Iterator[tuple[str, str]]:
    intent, release = plan.intent, plan.intent.release
    if release.artifact:
        yield "artifact", place(release.artifact)
    if release.sha256:
        yield "sha256", release.sha256
    if release.irreversible:
        yield "irreversible", "there is no way back to the release before"
    yield "sites", " then ".join(intent.sites)
    yield from _meant(intent)
    yield from _limits(plan)
    yield "on failure", _UNDO[intent.undo]
    if picture is not None:
        for site in intent.sites:
            yield f"now at {site}", _now(picture, site)


def _limits(plan: Plan) -> Iterator[tuple[str, str]]:
    """How many hosts go, stay and may fail; an act that touches none has no such limits."""
    intent = plan.intent
    if plan.legs and not any(hosts_of(step) for step in plan.steps):
        return
    if intent.wave and not all(isinstance(step, Drain | Verify | Readmit) for step in plan.steps):
        window = f", {intent.abreast} waves at a time (sliding window)" if intent.abreast > 1 else ""
        yield "wave", _per_site(intent.wave, intent.sites) + window
    if intent.floor:
        yield "floor", "in service at every moment: " + _per_site(intent.floor, intent.sites)
    yield "budget", _budget(intent)


def _budget(intent: Intent) -> str:
    may = f"{words.count(intent.budget, 'host')} may fail" if intent.budget else "no host may fail"
    enough = intent.bad_release_after
    return f"{may}; {enough} that fail the same way stop it" if 0 < enough <= intent.budget else may


def _gate(plan: Plan) -> Iterator[tuple[str, str]]:
    if any(isinstance(step, Ask) and step.versus for step in plan.steps):
        back = "nothing is undone" if plan.intent.undo is Undo.NONE else "everything is undone, users first"
        yield "gate", f"decides by numbers; when it fails, {back}"


def _meant(intent: Intent) -> Iterator[tuple[str, str]]:
    if intent.only:
        yield "only", words.hosts(intent.only)
    if intent.excluded:
        yield "left out", f"{words.hosts(intent.excluded)}, whatever it runs"


def _per_site(numbers: Mapping[str, int], sites: tuple[str, ...]) -> str:
    """`3 at dc1, 4 at dc2`, or `3 at each site`."""
    chosen = {site: numbers[site] for site in sites if site in numbers}
    if len(chosen) > 1 and len(set(chosen.values())) == 1:
        return f"{words.count(next(iter(chosen.values())), 'host')} at each site"
    return ", ".join(f"{words.count(number, 'host')} at {site}" for site, number in chosen.items())


def _now(picture: Picture, site: str) -> str:
    """`4 of 4 hosts in service; 1.0.0 on 4`."""
    seen = picture.at(site)
    serving = sum(host.in_service for host in seen)
    releases = Counter(host.release or "unknown release" for host in seen)
    what = ", ".join(f"{release} on {number}" for release, number in sorted(releases.items()))
    return f"{serving} of {words.count(len(seen), 'host')} in service; {what}"


def _body(plan: Plan, bakes: Mapping[int, Sequence[str]]) -> Iterator[str]:
    width = len(str(len(plan.steps)))
    leg: Leg | None = None
    stage_name: str | None = None
    way_back = not plan.intent.release.irreversible
    for number, in_leg, stage, step in plan.walk():
        if in_leg is not leg:
            leg, stage_name = in_leg, None
            yield ""
            yield leg.name + (f", {leg.abreast} stages at a time" if leg.abreast > 1 else "")
        if stage.name not in (stage_name, leg.name):
            yield f"  {stage.name}"
        stage_name = stage.name
        if isinstance(step, Deploy) and not way_back:
            way_back = True
            yield "  ── no way back below ──"
        yield f"    {number:>{width}}  {verb(step):<8}{words.one_line(object_of(step))}"
        yield from (f"    {'':>{width}}          {line}" for line in (*_compared(step), *bakes.get(number, ())))


def _compared(step: Step) -> Iterator[str]:
    """Who a metric gate compares, site by site."""
    if not isinstance(step, Ask):
        return
    for one in step.versus:
        old = words.hosts(one.old) if one.old else f"what {step.former} did before"
        how = " (baseline)" if one.restarted else ""
        yield f"{one.site}: {words.hosts(one.new)} against {old}{how}"
