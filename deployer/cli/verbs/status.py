"""Say what is where: the last run, the lock, the hosts"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from deployer.cli import options, say
from deployer.cli.options import Ground

if TYPE_CHECKING:
    from deployer.model import Picture


@click.command("status")
@options.ground
@click.option("--live", is_flag=True, help="Ask the balancers and the hosts now, instead of the journal.")
@options.as_json
def command(*, ground: Ground, live: bool, as_json: bool) -> None:
    """Say what is where: the last run, the lock, the hosts.

    Reads the journal; with --live the balancers and the hosts are asked as well.
    """
    import time

    from deployer.cli.books import books
    from deployer.report import words
    from deployer.report.account import account
    from deployer.report.json import account_json, dumps, lock_json, picture_json
    from deployer.report.standing import lock_lines, picture_text
    from deployer.report.text import ending

    with books(ground) as book:
        last = book.journal.last_run()
        read = account(book.records(last)) if last else None
        lock = book.lock.status()
        service = book.service
    picture = _look(ground) if live else None
    if as_json:
        said = {
            "service": service,
            "lock": lock_json(lock),
            "run": account_json(read) if read else None,
            "live": picture_json(picture) if picture else None,
        }
        say.result(dumps(said))
        return
    first, *more = lock_lines(lock, time.time())
    say.result(f"{words.one_line(service)}: the lock is {first}\n" + "".join(f"  {line}\n" for line in more))
    at_work = lock.lease is not None and lock.lease.run == last and not lock.gone
    say.result(ending(read, inventory=str(ground.inventory), at_work=at_work) if read else "nothing was run yet\n")
    if picture:
        say.result("now\n" + "".join(f"  {line}\n" for line in picture_text(picture).splitlines()))


def _look(ground: Ground) -> Picture:
    from deployer.cli.workplace import workplace

    with workplace(ground) as work:
        return work.world.eyes.look()
