"""A plan shown, the machines asked, somebody's word taken, and then walked"""

from __future__ import annotations

from dataclasses import dataclass

from deployer.cli import papers, say
from deployer.cli.confirm import confirm
from deployer.cli.options import Acting
from deployer.cli.preflighting import preflight
from deployer.cli.walking import Showing, begin
from deployer.cli.workplace import Workplace
from deployer.frozen import FREE, Terms
from deployer.model import Picture
from deployer.plan import Plan
from deployer.report.json import dumps, plan_json
from deployer.report.runbook import runbook
from deployer.safety import prove


@dataclass(frozen=True, slots=True)
class Proposal:
    """`question` is what somebody agrees to, `nothing` what is said where there is nothing to do."""

    question: str
    why: str
    nothing: str
    acting: Acting
    terms: Terms = FREE


def propose(work: Workplace, plan: Plan, picture: Picture, proposal: Proposal) -> int:
    """A release, with its times foretold and its machines asked; the exit code. Nothing is touched before the yes."""
    foretold = work.forecast(plan, picture)
    say.story(runbook(plan, picture, foretold).rstrip())
    if not plan.legs:
        return _nothing(plan, picture, proposal)
    if left := work.books.unfinished():
        say.story(f"note  run {left} did not come to an end; deployer show {left} -i {work.ground.inventory}")
    say.meanwhile("\nchecking every machine before anything is touched ...")
    for finding in preflight(work, plan, picture):
        say.story(f"note  {finding}")
    return _agreed(work, plan, picture, proposal, foretold.takes)


def propose_by_hand(work: Workplace, plan: Plan, picture: Picture, proposal: Proposal) -> int:
    """An act whose plan is proved here; the exit code. Raises UnsafePlan."""
    prove(plan, picture)
    say.story(runbook(plan, picture).rstrip())
    return _agreed(work, plan, picture, proposal) if plan.legs else _nothing(plan, picture, proposal)


def _agreed(work: Workplace, plan: Plan, picture: Picture, proposal: Proposal, takes: float | None = None) -> int:
    if proposal.acting.check:
        say.story("\nchecked: nothing was changed")
        return 0
    name = work.ground.name
    confirm(f"{proposal.question} {name}", name, yes=proposal.acting.yes)
    return begin(work, plan, picture, proposal.why, Showing.of(proposal.acting), takes, proposal.terms)


def _nothing(plan: Plan, picture: Picture, proposal: Proposal) -> int:
    say.story(f"\nnothing to do: {proposal.nothing}")
    papers.leave_nothing(proposal.acting.papers, plan)
    if proposal.acting.as_json:
        say.result(dumps({"run": None, "end": "nothing to do", "plan": plan_json(plan, picture)}))
    return 0
