"""Stop a run and put back what it did"""

from __future__ import annotations

import click

from deployer.cli import completing, options, say
from deployer.cli.options import Acting, Ground

EXAMPLES = """\
deployer abort -i inventories/prod --reason 'errors at checkout'
"""


@click.command("abort")
@click.argument("run", default="", shell_complete=completing.runs)
@options.ground
@options.acting
def command(*, run: str, ground: Ground, acting: Acting) -> int:
    """Stop RUN (else the one under way or waiting) and put back what it did.

    Where an orchestrator is at work it is asked, through the journal, to go back by itself after the step under way.
    Where none is, this command goes back itself; it exits with 0 when everything is as before.
    """
    from deployer.cli.books import books
    from deployer.cli.confirm import confirm
    from deployer.cli.person import person
    from deployer.cli.walking import Showing, again
    from deployer.cli.workplace import workplace
    from deployer.events import AbortAsked
    from deployer.model import Undo

    with books(ground, read_only=False) as book:
        chosen = book.going(run)
        lease = book.at_work(chosen)
        confirm(f"abort run {chosen} at {ground.name}", ground.name, yes=acting.yes)
        if lease:
            book.journal.append(chosen, AbortAsked(person(), acting.reason), epoch=None)
            say.story(f"{lease.owner} was asked to go back; see: deployer status -i {ground.inventory}")
            return 0
    with workplace(ground) as work:
        why = acting.reason or f"{person()} aborted {chosen}"
        showing = Showing.of(acting, back=True)
        return again(work, chosen, lambda engine: engine.undo(chosen, Undo.ALL, why), why, showing)
