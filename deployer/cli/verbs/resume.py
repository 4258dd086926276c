"""Go on with a run that was stopped, killed or overtaken"""

from __future__ import annotations

import click

from deployer.cli import completing, options
from deployer.cli.options import Acting, Ground, Override

EXAMPLES = """\
deployer resume -i inventories/prod
deployer resume --override-freeze 'half the hosts have it' --second bob -i inventories/prod
"""


@click.command("resume")
@click.argument("run", default="", shell_complete=completing.runs)
@options.ground
@options.acting
@options.overriding
def command(*, run: str, ground: Ground, acting: Acting, override: Override) -> int:
    """Go on with RUN (else the one under way or waiting) where its journal ends.

    The world is looked at again first; at most the one step that was under way is repeated. With --override-freeze a
    run that a freeze holds goes on: here, or where its orchestrator waits.
    """
    from deployer.cli.confirm import confirm
    from deployer.cli.freezing import let_go
    from deployer.cli.walking import Showing, again
    from deployer.cli.workplace import workplace

    with workplace(ground) as work:
        chosen = work.books.going(run)
        confirm(f"go on with run {chosen} at {ground.name}", ground.name, yes=acting.yes)
        if override.reason and let_go(work, chosen, override):
            return 0
        why = acting.reason or f"resume {chosen}"
        return again(work, chosen, lambda engine: engine.resume(chosen), why, Showing.of(acting))
