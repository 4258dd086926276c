"""Write down how a run went, as one file for a browser, Jenkins or a program"""

from __future__ import annotations

from pathlib import Path

import click

from deployer.cli import completing, options, say
from deployer.cli.options import Ground
from deployer.errors import UsageError

EXAMPLES = """\
deployer report -i inventories/prod                 # the last run, as report-RUN.html
deployer report 20261128 --html -o report.html -i inventories/prod
deployer report --junit -o - -i inventories/prod > junit.xml
"""


@click.command("report")
@click.argument("run", default="", shell_complete=completing.runs)
@options.ground
@click.option("--html", "form", flag_value="html", default="html", help="A page that needs nothing else (the default).")
@click.option("--junit", "form", flag_value="xml", help="JUnit XML: stages are suites, steps cases.")
@click.option("--json", "form", flag_value="json", help="Every number, for programs.")
@click.option("-o", "--output", default="", metavar="FILE", help="Write here, - for stdout; else report-RUN here.")
def command(*, run: str, ground: Ground, form: str, output: str) -> None:
    """Write down how RUN went (the last one when none is named; the beginning of its name is enough).

    The page opens in any browser, and from Jenkins' artifacts: it has no script and obeys the strictest policy. A run
    under way is told as far as it is.
    """
    from deployer.cli.books import books
    from deployer.progress import fold
    from deployer.report.account import account
    from deployer.report.html import account_html
    from deployer.report.json import account_json, dumps
    from deployer.report.junit import account_junit
    from deployer.report.runbook import runbook

    with books(ground) as book:
        named = book.run(run)
        records = book.records(named)
        read, progress = account(records, at_work=book.at_work(named) is not None), fold(records)
    if form == "html":
        plan = runbook(progress.plan, progress.picture)
        text = account_html(read, runbook=plan, inventory=str(ground.inventory))
    else:
        text = account_junit(read) if form == "xml" else dumps(account_json(read))
    if output == "-":
        say.result(text)
        return
    say.story(f"wrote {_write(Path(output or f'report-{named}.{form}'), text)}")


def _write(path: Path, text: str) -> Path:
    """Raises UsageError when it cannot be written there."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as wrong:
        raise UsageError(
            f"the report cannot be written there: {wrong.strerror}", where=str(path), remedy="-o FILE elsewhere"
        ) from wrong
    return path
