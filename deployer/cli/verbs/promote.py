"""Let a waiting run go on: a person answers for its gate"""

from __future__ import annotations

import click

from deployer.cli import completing, options
from deployer.cli.options import Acting, Ground

EXAMPLES = """\
deployer promote -i inventories/prod --reason 'testers are content'
"""


@click.command("promote")
@click.argument("run", default="", shell_complete=completing.runs)
@options.ground
@options.acting
def command(*, run: str, ground: Ground, acting: Acting) -> int:
    """Let RUN (else the one under way or waiting), which waits at a gate, go on to its next step.

    A dark canary begins its ladder; a gate that had no verdict counts as passed, by you, in the journal.
    """
    from deployer.cli.answering import answer
    from deployer.cli.person import person

    why = acting.reason or f"{person()} promoted it"
    return answer(ground, run, why, acting)
