"""Say who did what, and whether the journal is as it was written"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from deployer.cli import options, say
from deployer.cli.options import Ground

if TYPE_CHECKING:
    from deployer.store.rows import Mark

EXAMPLES = """\
deployer audit -i inventories/prod
deployer audit --verify -i inventories/prod            # every service in the store; 6 where a chain is broken
deployer audit --verify --known 812:9f2c… -i inventories/prod   # and a head noted down earlier is still in it
"""


@click.command("audit")
@options.ground
@click.option("--verify", is_flag=True, help="Only check the chains, of every service in the store.")
@click.option("--known", default="", metavar="SEQ:HASH", help="A head that an earlier audit printed.")
@options.as_json
def command(*, ground: Ground, verify: bool, known: str, as_json: bool) -> int:
    """List what people did, over time: began, approved, aborted, overrode, froze, evacuated, took or freed the lock.

    The whole journal is read, and every link of its chain checked; the first place that does not hold is named, with
    exit code 6. Whoever can rewrite the store can write a new chain: a head that is kept elsewhere (--known) tells.
    """
    import time

    from deployer.audit import audit, services
    from deployer.cli.books import books
    from deployer.report.audited import audit_json, audit_text
    from deployer.report.json import dumps
    from deployer.report.people import acts

    mark = _mark(known) if known else None
    with books(ground) as book:
        names = tuple(dict.fromkeys((book.service, *(services(book.store) if verify else ()))))
        audits = [audit(book.store, name, time.time, mark if name == book.service else None) for name in names]
    told = () if verify else tuple(acts(audits[0].records))
    say.result(dumps(audit_json(audits, told)) if as_json else audit_text(audits, told))
    return 6 if any(one.flaw for one in audits) else 0


def _mark(text: str) -> Mark:
    from deployer.errors import UsageError
    from deployer.store.rows import Mark

    seq, _, digest = text.partition(":")
    if not seq.isdecimal() or not digest:
        raise UsageError(f"{text!r} is no head", where="--known", remedy="deployer audit --verify prints one: SEQ:HASH")
    return Mark(int(seq), digest)
