"""Let a waiting run go on: a person answers for its gate"""

from __future__ import annotations

import click

from deployer.cli import options
from deployer.cli.options import Ground, Papers

EXAMPLES = """\
deployer promote -i inventories/prod --reason 'testers are content'
"""


@click.command("promote")
@click.argument("run", default="")
@options.ground
@options.reason
@options.yes
@options.as_json
@options.papers
@options.verbose
def command(*, run: str, ground: Ground, reason: str, papers: Papers, verbose: int, yes: bool, as_json: bool) -> int:
    """Let RUN (the last one when none is named), which waits at a gate, go on to its next step.

    A dark canary begins its ladder; a gate that had no verdict counts as passed, by you, in the journal.
    """
    from deployer.cli.confirm import confirm
    from deployer.cli.person import person
    from deployer.cli.walking import Showing, again
    from deployer.cli.workplace import workplace
    from deployer.progress import fold, waiting_at

    with workplace(ground) as work:
        chosen = work.books.run(run)
        about = waiting_at(fold(work.books.records(chosen))).about
        confirm(f"let run {chosen} go on at {ground.name}, past: {about}", ground.name, yes=yes)
        why = reason or f"{person()} promoted {chosen}"
        return again(work, chosen, lambda engine: engine.promote(chosen, why), why, Showing(papers, as_json, verbose))
