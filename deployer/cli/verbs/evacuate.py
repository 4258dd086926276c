"""Lead every user away from a site, at once"""

from __future__ import annotations

import click

from deployer.cli import completing, options, say
from deployer.cli.options import Acting, Ground

EXAMPLES = """\
deployer evacuate dc2 --reason "power" -i inventories/prod
deployer evacuate dc2 --check -i inventories/prod
"""


@click.command("evacuate")
@click.argument("site", shell_complete=completing.sites)
@options.ground
@options.reason
@options.emergency
@click.option("--readmit-first", is_flag=True, help="Stop a deployment, bring hosts of the rest back, then go.")
@options.check
@click.option("--yes", "-y", is_flag=True, help="Do not ask for the site's name.")
@options.as_json
def command(
    *,
    site: str,
    ground: Ground,
    reason: str,
    emergency: bool,
    readmit_first: bool,
    check: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Set SITE's share to 0 on every edge node at once, read it back, and measure until nobody is there any more.

    Takes over from a deployment under way, which stops at its next step and can be resumed. Works without Ansible,
    with the copy of the inventory that every command keeps, and when the journal does not answer.
    """
    from deployer.cli import evacuating
    from deployer.errors import UsageError
    from deployer.report import evacuation

    if emergency and not reason:
        raise UsageError("an emergency needs a reason", where="--emergency", remedy="--reason 'why'")
    if readmit_first:
        return _readmit_first(site, ground, Acting(reason, check, yes, as_json), emergency=emergency)
    found = evacuating.evacuate(ground, evacuating.Wish(site, reason, emergency, check, yes))
    if found is None:
        return 0
    text = evacuation.shown(found, str(ground.inventory))
    code = 0 if found.complete else 6
    if as_json:
        import json

        say.story(text.rstrip())
        say.result(json.dumps({**evacuation.as_json(found), "exit_code": code}, indent=2) + "\n")
    else:
        say.result(text)
    return code


def _readmit_first(site: str, ground: Ground, acting: Acting, *, emergency: bool) -> int:
    from deployer.cli.sharing import Sharing, readmitting, share

    return share(ground, Sharing("evacuate", f"evacuate {site}", readmitting(site), emergency, takes_over=True), acting)
