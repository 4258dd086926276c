"""Go back to a release that ran here before"""

from __future__ import annotations

import click

from deployer.cli import completing, options, say
from deployer.cli.options import Acting, Asked, Ground

EXAMPLES = """\
deployer rollback --list -i inventories/prod
deployer rollback -i inventories/prod
deployer rollback 1.0.3 --strategy canary -i inventories/prod
"""


@click.command("rollback")
@click.argument("version", default="", shell_complete=completing.versions)
@options.ground
@options.limit
@options.going
@click.option("--list", "listing", is_flag=True, help="Only say which releases lie on which hosts.")
@options.planning
def command(
    *,
    version: str,
    ground: Ground,
    limit: str,
    asked: Asked,
    listing: bool,
    acting: Acting,
) -> int:
    """Go back to VERSION, or to the release before the one that runs.

    Says which releases lie on which hosts. What lies there is not fetched; all sites go at once, in waves as large as
    the floor allows. Hosts that do not answer are left out: the same command brings them along later.
    """
    from deployer import shelves as disks
    from deployer.cli import papers as paper
    from deployer.cli.drawing import with_reason
    from deployer.cli.going_back import chosen, draw_back
    from deployer.cli.proposing import Proposal, propose
    from deployer.cli.workplace import workplace
    from deployer.report.disks import disks_json, disks_text
    from deployer.report.json import dumps

    paper.check(acting.papers)
    with_reason(asked, acting.reason)
    with workplace(ground, read_only=listing) as work:
        picture = work.world.eyes.look()
        shelves = disks.look(work.ssh, work.estate)
        line = work.lineage(picture.releases)
        if listing:
            say.result(dumps(disks_json(shelves, line)) if acting.as_json else disks_text(shelves, picture, line))
            return 0
        work.books.refuse_while_held()
        say.story(disks_text(shelves, picture, line))
        back_to = chosen(version, line)
        plan = draw_back(work, back_to, limit, asked, picture, shelves, line)
        proposal = Proposal(
            f"bring {work.settings.service} back to {back_to} at",
            acting.reason or f"rollback to {back_to}",
            f"every host serves {back_to} already",
            acting,
        )
        return propose(work, plan, picture, proposal)
