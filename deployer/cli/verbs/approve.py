"""Answer for a gate that has no verdict: the run goes on"""

from __future__ import annotations

import click

from deployer.cli import options
from deployer.cli.options import Ground, Papers

EXAMPLES = """\
deployer approve 20261128 -i inventories/prod --reason 'the errors are those of the payment provider'
deployer approve -i inventories/prod --as 'change board' --reason CHG-4711
"""


@click.command("approve")
@click.argument("run", default="")
@options.ground
@click.option("--as", "name", default="", metavar="NAME", help="Who answers, where it is not you.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is written into the journal.")
@options.yes
@options.as_json
@options.papers
@options.verbose
def command(
    *, run: str, ground: Ground, name: str, reason: str, papers: Papers, verbose: int, yes: bool, as_json: bool
) -> int:
    """Answer yes, with a reason, to the question that RUN (the last one when none is named) asks or waits at.

    A gate that had no verdict counts as passed, by you, in the journal. While an orchestrator watches on it is told,
    and goes on by itself; where it has ended (exit code 7) the run goes on here. `deployer abort` is the other answer.
    """
    from deployer.cli.answering import answer
    from deployer.cli.person import person
    from deployer.cli.walking import Showing

    who = f"{name} ({person()})" if name else person()
    return answer(ground, run, who, reason, Showing(papers, as_json, verbose), yes=yes)
