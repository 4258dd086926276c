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
    from deployer.cli.answering import answer
    from deployer.cli.person import person
    from deployer.cli.walking import Showing

    why = reason or f"{person()} promoted it"
    return answer(ground, run, person(), why, Showing(papers, as_json, verbose), yes=yes)
