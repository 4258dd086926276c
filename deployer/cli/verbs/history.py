"""List the runs of the service, newest first"""

from __future__ import annotations

import click

from deployer.cli import options, say
from deployer.cli.options import Ground

EXAMPLES = """\
deployer history -n 50 -i inventories/prod
"""


@click.command("history")
@options.ground
@click.option("-n", "--number", default=20, show_default=True, help="How many runs.")
@options.as_json
def command(*, ground: Ground, number: int, as_json: bool) -> None:
    """List the runs of the service, newest first."""
    from deployer.cli.books import books
    from deployer.report import words
    from deployer.report.json import dumps
    from deployer.report.phrases import ENDINGS, subject

    with books(ground) as book:
        heads = book.journal.runs(number)
        rows = []
        for head in heads:
            planned = book.journal.planned(head.run)
            if planned:
                intent = planned.plan.intent
                rows.append((head, planned, f"{subject(intent)}, {intent.strategy}"))
    if as_json:
        say.result(
            dumps(
                [
                    {
                        "run": head.run,
                        "what": what,
                        "owner": planned.owner,
                        "reason": planned.reason,
                        "started": head.started,
                        "changed": head.changed,
                        "end": head.end.value if head.end else None,
                    }
                    for head, planned, what in rows
                ]
            )
        )
        return
    if not rows:
        say.story("nothing was run yet")
    for head, planned, what in rows:
        end = ENDINGS[head.end] if head.end else "not ended"
        say.result(
            f"{head.run}  {words.moment(head.started)}  {words.duration(head.changed - head.started):>9}  "
            f"{what}: {end}  ({words.one_line(planned.owner)})\n"
        )
