"""Stop a run and put back what it did"""

from __future__ import annotations

import click

from deployer.cli import options, say
from deployer.cli.options import Ground, Papers

EXAMPLES = """\
deployer abort -i inventories/prod --reason 'errors at checkout'
"""


@click.command("abort")
@click.argument("run", default="")
@options.ground
@options.reason
@options.yes
@options.as_json
@options.papers
@options.verbose
def command(*, run: str, ground: Ground, reason: str, papers: Papers, verbose: int, yes: bool, as_json: bool) -> int:
    """Stop RUN (the last one when none is named) and put back what it did.

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
        chosen = book.run(run)
        lock = book.lock.status()
        confirm(f"abort run {chosen} at {ground.name}", ground.name, yes=yes)
        if lock.lease is not None and lock.lease.run == chosen and not lock.gone:
            book.journal.append(chosen, AbortAsked(person(), reason), epoch=None)
            say.story(f"{lock.lease.owner} was asked to go back; see: deployer status -i {ground.inventory}")
            return 0
    with workplace(ground) as work:
        why = reason or f"{person()} aborted {chosen}"
        showing = Showing(papers, as_json, verbose, back=True)
        return again(work, chosen, lambda engine: engine.undo(chosen, Undo.ALL, why), why, showing)
