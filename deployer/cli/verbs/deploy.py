"""Release a version, or carry out a saved plan"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from deployer.cli import completing, options
from deployer.cli.options import Acting, Asked, Ground, Override

if TYPE_CHECKING:
    from deployer.cli.workplace import Workplace
    from deployer.model import Picture
    from deployer.plan import Plan


EXAMPLES = """\
deployer deploy 1.2.0 -i inventories/prod
deployer deploy 1.2.0 --strategy canary -i inventories/prod
deployer deploy prod.plan -i inventories/prod       # written by plan -o
deployer deploy 1.2.1 --override-freeze 'mends the outage' --second bob -i inventories/prod
deployer deploy --same-release -e workers=8 -i inventories/prod
"""


@click.command("deploy")
@click.argument("what", metavar="VERSION|FILE", default="", shell_complete=completing.versions)
@options.ground
@options.limit
@options.wishes
@click.option("--same-release", is_flag=True, help="Once more what runs, for a new configuration (-e KEY=VALUE).")
@options.planning
@options.overriding
def command(
    *,
    what: str,
    ground: Ground,
    limit: str,
    asked: Asked,
    same_release: bool,
    acting: Acting,
    override: Override,
) -> int:
    """Release VERSION, or carry out the plan in FILE (written by `plan -o`).

    Looks, plans, proves the plan safe, checks the machines, shows the plan and asks; then nothing is lost: each step
    is written down before and after, ^C stops after the step under way, and `deployer resume` goes on.
    """
    from deployer.cli import papers as paper
    from deployer.cli.drawing import with_reason
    from deployer.cli.freezing import terms
    from deployer.cli.proposing import Proposal, propose
    from deployer.cli.restarting import restart
    from deployer.cli.workplace import workplace
    from deployer.errors import UsageError

    if bool(what) == same_release:
        raise UsageError("either a version or --same-release", where="deploy", remedy="deployer deploy 1.2.0")
    if same_release:
        return restart(ground, limit, asked, acting, override)
    paper.check(acting.papers)
    with_reason(asked, acting.reason)
    with workplace(ground) as work:
        work.books.refuse_while_held()
        how = terms(work, override, check=acting.check)
        plan, picture = _drawn(work, what, limit, asked)
        release = plan.intent.release.version
        proposal = Proposal(
            f"release {work.settings.service} {release} to",
            acting.reason or f"deploy {release}",
            f"every host serves {release} already",
            acting,
            how,
        )
        return propose(work, plan, picture, proposal)


def _drawn(work: Workplace, what: str, limit: str, asked: Asked) -> tuple[Plan, Picture]:
    from pathlib import Path

    from deployer.cli import saved_plan
    from deployer.cli.drawing import draw
    from deployer.errors import UsageError
    from deployer.safety import prove

    if not saved_plan.is_file(what):
        release = work.release(what, asked.sha256, irreversible=asked.irreversible)
        picture = work.world.eyes.look()
        return draw(work, release, limit, asked, picture), picture
    if limit or asked != Asked():
        raise UsageError("a saved plan is carried out as it is", where=what, remedy="deployer plan VERSION -o FILE")
    saved = saved_plan.load(Path(what))
    approved = saved.plan.intent.release
    release = work.release(approved.version, approved.sha256, irreversible=approved.irreversible)
    if release != saved.plan.intent.release:
        raise UsageError("the artifact is not the one of the plan any more", where=what)
    saved_plan.still_true(
        saved.picture, work.world.eyes.look(), f"deployer plan {release.version} -i {work.ground.inventory} -o {what}"
    )
    prove(saved.plan, saved.picture)
    return saved.plan, saved.picture
