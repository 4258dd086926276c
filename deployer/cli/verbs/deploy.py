"""Release a version, or carry out a saved plan"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from deployer.cli import options, say
from deployer.cli.options import Asked, Ground, Papers

if TYPE_CHECKING:
    from deployer.cli.workplace import Workplace
    from deployer.model import Picture
    from deployer.plan import Plan


EXAMPLES = """\
deployer deploy 1.2.0 -i inventories/prod
deployer deploy 1.2.0 --strategy canary -i inventories/prod
deployer deploy prod.plan -i inventories/prod       # written by plan -o
"""


@click.command("deploy")
@click.argument("what", metavar="VERSION|FILE")
@options.ground
@options.limit
@options.wishes
@options.reason
@options.check
@options.yes
@options.as_json
@options.papers
@options.verbose
def command(
    *,
    what: str,
    ground: Ground,
    limit: str,
    asked: Asked,
    reason: str,
    papers: Papers,
    verbose: int,
    check: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Release VERSION, or carry out the plan in FILE (written by `plan -o`).

    Looks, plans, proves the plan safe, checks the machines, shows the plan and asks; then nothing is lost: each step
    is written down before and after, ^C stops after the step under way, and `deployer resume` goes on.
    """
    from deployer.cli import papers as paper
    from deployer.cli.confirm import confirm
    from deployer.cli.preflighting import preflight
    from deployer.cli.walking import Showing, begin
    from deployer.cli.workplace import workplace
    from deployer.report.json import dumps, plan_json
    from deployer.report.runbook import runbook

    paper.check(papers)
    with workplace(ground) as work:
        work.books.refuse_while_held()
        plan, picture = _drawn(work, what, limit, asked)
        say.story(runbook(plan, picture).rstrip())
        if not plan.legs:
            say.story(f"\nnothing to do: every host serves {plan.intent.release.version} already")
            paper.leave_nothing(papers, plan)
            if as_json:
                say.result(dumps({"run": None, "end": "nothing to do", "plan": plan_json(plan, picture)}))
            return 0
        if left := work.books.unfinished():
            say.story(f"note  run {left} did not come to an end; deployer show {left} -i {ground.inventory}")
        for finding in preflight(work, plan, picture):
            say.story(f"note  {finding}")
        if check:
            say.story("\nchecked: nothing was changed")
            return 0
        release = plan.intent.release.version
        confirm(f"release {work.settings.service} {release} to {ground.name}", ground.name, yes=yes)
        why = reason or f"deploy {release}"
        return begin(work, plan, picture, why, Showing(papers, as_json, verbose))


def _drawn(work: Workplace, what: str, limit: str, asked: Asked) -> tuple[Plan, Picture]:
    from pathlib import Path

    from deployer.cli import saved_plan
    from deployer.cli.drawing import draw, wishes
    from deployer.errors import UsageError
    from deployer.safety import prove

    if not saved_plan.is_file(what):
        wanted = wishes(work, limit, asked)
        release = work.release(what, asked.sha256)
        picture = work.world.eyes.look()
        return draw(work, release, wanted, picture), picture
    if limit or asked != Asked():
        raise UsageError("a saved plan is carried out as it is", where=what, remedy="deployer plan VERSION -o FILE")
    saved = saved_plan.load(Path(what))
    release = work.release(saved.plan.intent.release.version, saved.plan.intent.release.sha256)
    if release != saved.plan.intent.release:
        raise UsageError("the artifact is not the one of the plan any more", where=what)
    saved_plan.still_true(
        saved.picture, work.world.eyes.look(), f"deployer plan {release.version} -i {work.ground.inventory} -o {what}"
    )
    prove(saved.plan, saved.picture)
    return saved.plan, saved.picture
