"""Stop the line: no release begins or goes on until it is lifted"""

from __future__ import annotations

import click

from deployer.cli import options, say
from deployer.cli.options import Ground

EXAMPLES = """\
deployer freeze -i inventories/prod                  # is anything frozen, by whom, until when
deployer freeze --reason 'payments are down' -i inventories/prod
deployer freeze --reason 'year end' --until '2027-01-04 06:00' -i inventories/prod
deployer freeze --lift --reason 'payments are back' -i inventories/prod
"""


@click.command("freeze")
@options.ground
@options.reason
@click.option("--until", "when", default="", metavar="WHEN", help="2h, 18:00 or '2026-12-01 09:00'; else until lifted.")
@click.option("--lift", is_flag=True, help="End what somebody froze; windows of deployer.yml stay.")
@options.as_json
def command(*, ground: Ground, reason: str, when: str, lift: bool, as_json: bool) -> None:
    """Say what is frozen; with --reason stop the line, with --lift let it go on.

    A freeze refuses new releases and restarts (exit code 3), from any machine that shares the journal. A run under way
    finishes its wave, then holds before the next one, or before more users get the release, and goes on when it is
    over. It never holds an undo, abort, rollback, evacuate, restore, shift, drain or readmit.
    """
    import time

    from deployer.cli.books import books
    from deployer.cli.freezing import frozen, until
    from deployer.cli.person import person
    from deployer.cli.ruled import rules
    from deployer.errors import UsageError
    from deployer.events import SERVICE, Frozen, Lifted
    from deployer.report.json import dumps, freezes_json
    from deployer.report.standing import freeze_text

    said, now = rules(ground), time.time()
    if when and not (reason and not lift):
        raise UsageError("why is it frozen?", where="--until", remedy="deployer freeze --reason TEXT --until WHEN")
    with books(ground, read_only=not (reason or lift)) as book:
        if lift:
            if not any(one.who for one in frozen(book, said)):
                raise UsageError("nobody has frozen anything", where=book.service, remedy="deployer freeze")
            book.journal.append(SERVICE, Lifted(person(), reason), epoch=None)
        elif reason:
            ends = until(when, now, said.windows.zone)
            book.journal.append(SERVICE, Frozen(person(), reason, ends), epoch=None)
        found, service = frozen(book, said), book.service
    coming = said.windows.next(now)
    say.result(dumps(freezes_json(service, found, coming)) if as_json else freeze_text(service, found, coming))
