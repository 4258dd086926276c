"""Put back what a run did"""

from __future__ import annotations

import click

from deployer.cli import completing, options
from deployer.cli.options import Acting, Ground

EXAMPLES = """\
deployer undo -i inventories/prod --reason 'wrong prices'
deployer undo --site -i inventories/prod             # the site it worked on last; the others stay
"""


@click.command("undo")
@click.argument("run", default="", shell_complete=completing.runs)
@options.ground
@click.option("--stage", "scope", flag_value="stage", help="Only the stage that was under way.")
@click.option("--site", "scope", flag_value="site", help="Only the site it worked on last.")
@click.option("--all", "scope", flag_value="all", default=True, help="Everything it did (the default).")
@options.acting
def command(*, run: str, ground: Ground, scope: str, acting: Acting) -> int:
    """Put back what RUN (the last one when none is named) did: every host as it was before, by the same safe steps.

    Exits with 0 when everything is as before; with --stage or --site, when that part is.
    """
    from deployer.cli.confirm import confirm
    from deployer.cli.walking import Showing, again
    from deployer.cli.workplace import workplace
    from deployer.model import Undo

    with workplace(ground) as work:
        chosen = work.books.run(run)
        confirm(f"undo run {chosen} at {ground.name}", ground.name, yes=acting.yes)
        why = acting.reason or f"undo {chosen}"
        showing = Showing.of(acting, back=True, part=scope != "all")
        return again(work, chosen, lambda engine: engine.undo(chosen, Undo(scope), why), why, showing)
