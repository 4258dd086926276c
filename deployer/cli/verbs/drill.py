"""Rehearse the loss of a site: evacuate and restore it, with a report of times"""

from __future__ import annotations

import click

from deployer.cli import completing, options, say
from deployer.cli.options import Acting, Ground

EXAMPLES = """\
deployer drill dc2 -i inventories/prod
"""


@click.command("drill")
@click.argument("site", shell_complete=completing.sites)
@options.ground
@options.reason
@options.check
@click.option("--yes", "-y", is_flag=True, help="Do not ask for the site's name, nor for the environment's.")
@options.as_json
def command(*, site: str, ground: Ground, reason: str, check: bool, yes: bool, as_json: bool) -> int:
    """Evacuate SITE as in an emergency, then lead its users back along restore.steps, and say how long each took.

    Under the same rules as the real thing; when the evacuation does not complete, nothing is led back.
    """
    import time

    from deployer.cli import evacuating
    from deployer.cli.books import books
    from deployer.cli.freezing import refuse_frozen
    from deployer.cli.sharing import Sharing, restoring, share
    from deployer.report import evacuation

    why = f"drill: {reason or f'{site} evacuated and restored'}"
    with books(ground) as book:
        refuse_frozen(book, ground, "a drill")
    begun = time.monotonic()
    found = evacuating.evacuate(ground, evacuating.Wish(site, why, check=check, yes=yes))
    if found is None:
        return 0
    left = time.monotonic()
    if not found.complete:
        say.result(evacuation.shown(found, str(ground.inventory)))
        return 6
    say.story("\n".join(evacuation.told(found)))
    back = Sharing("restore", f"restore {site}", restoring(site))
    code = share(ground, back, Acting(why, yes=yes))
    times = evacuation.Drill(found, left - begun, time.monotonic() - left, code)
    say.result(evacuation.drill_json(times) if as_json else evacuation.drilled(times))
    return code
