"""Write the service's own numbers for Prometheus"""

from __future__ import annotations

import time
from pathlib import Path

import click

from deployer.cli import options, say
from deployer.cli.options import Ground

EXAMPLES = """\
deployer metrics -i inventories/prod
deployer metrics -o /var/lib/node_exporter/deployer_shop.prom -i inventories/prod
"""


@click.command("metrics")
@options.ground
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file for node_exporter's textfile collector.")
def command(*, ground: Ground, output: Path | None) -> None:
    """Write how the last run stands, its steps, shares, gate, hosts, and the lock, in Prometheus' text format.

    Reads the journal only. With `metrics.textfile` in deployer.yml they are written while a run goes on.
    """
    from deployer.cli.books import books
    from deployer.metrics import exposition, write
    from deployer.report.account import account

    with books(ground) as book:
        last = book.journal.last_run()
        text = exposition(book.service, account(book.records(last)) if last else None, book.lock.status(), time.time())
    if output is None:
        say.result(text)
    else:
        write(output, text)
