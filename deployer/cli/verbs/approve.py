"""Answer for a gate that has no verdict: the run goes on"""

from __future__ import annotations

import click

from deployer.cli import completing, options
from deployer.cli.options import Acting, Ground

EXAMPLES = """\
deployer approve 20261128 -i inventories/prod --reason 'the errors are those of the payment provider'
deployer approve -i inventories/prod --as 'change board' --reason CHG-4711
"""


@click.command("approve")
@click.argument("run", default="", shell_complete=completing.runs)
@options.ground
@click.option("--as", "name", default="", metavar="NAME", help="Who answers, where it is not you.")
@options.acting
def command(*, run: str, ground: Ground, name: str, acting: Acting) -> int:
    """Answer yes, with a reason, to the question that RUN (else the one under way or waiting) asks or waits at.

    A gate that had no verdict counts as passed, by you, in the journal. While an orchestrator watches on it is told,
    and goes on by itself; where it has ended (exit code 7) the run goes on here. `deployer abort` is the other answer.
    Who may answer says `approvals` in deployer.yml; with `by: another` it is not the one who started the run.
    """
    from deployer.cli.answering import answer
    from deployer.errors import UsageError

    if not acting.reason:
        raise UsageError("an approval needs a reason", where="--reason", remedy="deployer approve --reason 'why'")
    return answer(ground, run, acting.reason, acting, name)
