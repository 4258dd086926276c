"""Show what a run did, from its journal"""

from __future__ import annotations

import click

from deployer.cli import completing, options, say
from deployer.cli.options import Ground, Papers

EXAMPLES = """\
deployer show -i inventories/prod                    # the last run
deployer show 20261128 --gate 22 -i inventories/prod  # why a step passed or failed, with its numbers
deployer show 20261128 --report-dir report -i inventories/prod
"""


@click.command("show")
@click.argument("run", default="", shell_complete=completing.runs)
@options.ground
@click.option("--plan", "with_plan", is_flag=True, help="The plan as it was shown.")
@click.option("--gate", default="", metavar="STEP", help="Explain a verdict: a step's number, words of it, or last.")
@options.as_json
@options.papers
@options.verbose
def command(
    *, run: str, ground: Ground, papers: Papers, verbose: int, with_plan: bool, gate: str, as_json: bool
) -> None:
    """Show what RUN did (the last one when none is named; the beginning of its name is enough)."""
    from deployer.cli import papers as paper
    from deployer.cli.books import books
    from deployer.progress import fold
    from deployer.report.account import account
    from deployer.report.gate import chosen, gate_text
    from deployer.report.json import account_json, dumps, verdict_json
    from deployer.report.runbook import runbook
    from deployer.report.text import ending

    with books(ground) as book:
        named = book.run(run)
        records = book.records(named)
        read = account(records, at_work=book.at_work(named) is not None)
    progress = fold(records)
    plan = runbook(progress.plan, progress.picture)
    paper.check(papers)
    for path in paper.leave(papers, read, runbook=plan, inventory=str(ground.inventory)):
        say.story(f"wrote {path}")
    if gate:
        one = chosen(read.verdicts, gate)
        say.result(dumps(verdict_json(one)) if as_json else gate_text(one))
        return
    if as_json:
        say.result(dumps(account_json(read)))
        return
    if with_plan:
        say.result(plan)
    else:
        say.result(ending(read, inventory=str(ground.inventory), verbose=bool(verbose)))
