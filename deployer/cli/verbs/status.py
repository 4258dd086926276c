"""Say what is where: the last run, the lock, the hosts"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from deployer.cli import options, say
from deployer.cli.options import Ground

if TYPE_CHECKING:
    from deployer.model import Picture


EXAMPLES = """\
deployer status --live -i inventories/prod
deployer status --watch --timeout 30m -i inventories/prod
"""


@click.command("status")
@options.ground
@click.option("--live", is_flag=True, help="Ask the balancers and the hosts now, instead of the journal.")
@click.option("--watch", is_flag=True, help="Show the run under way until it ends; ends with its exit code.")
@click.option("--timeout", type=options.Duration(), default=math.inf, help="With --watch: no longer than this, then 7.")
@options.as_json
def command(*, ground: Ground, live: bool, watch: bool, timeout: float, as_json: bool) -> int:
    """Say what is where: the last run, the lock, the hosts.

    Reads the journal; with --live the balancers and the hosts are asked as well.
    """
    import time

    from deployer.cli.books import books
    from deployer.cli.freezing import stopped
    from deployer.cli.ruled import rules
    from deployer.report import words
    from deployer.report.account import account
    from deployer.report.json import account_json, dumps, freeze_json, lock_json, pending_json, picture_json
    from deployer.report.standing import behind_text, freeze_line, lock_lines, pending_lines, picture_text
    from deployer.report.text import ending

    code = _watch(ground, timeout) if watch else 0
    with books(ground) as book:
        last = book.latest()
        read = account(book.records(last), at_work=book.at_work(last) is not None) if last else None
        lock = book.lock.status()
        asked = book.pending(last, lambda: rules(ground).approvals) if last else None
        behind = book.behind(last) if last else ""
        standing = account(book.records(behind), at_work=False) if behind else None
        service, held = book.service, stopped(book)
    picture = _look(ground) if live else None
    if as_json:
        said = {
            "service": service,
            "lock": lock_json(lock),
            "run": account_json(read) if read else None,
            "behind": behind or None,
            "freezes": [freeze_json(one) for one in held],
            "asks": pending_json(asked) if asked else None,
            "live": picture_json(picture) if picture else None,
        }
        say.result(dumps(said))
        return code
    first, *more = (*lock_lines(lock, time.time()), *map(freeze_line, held))
    say.result(f"{words.one_line(service)}: the lock is {first}\n" + "".join(f"  {line}\n" for line in more))
    say.result(ending(read, inventory=str(ground.inventory)) if read else "nothing was run yet\n")
    if asked:
        say.result("".join(f"  {'person':<9} {line}\n" for line in pending_lines(asked, time.time())))
    if standing:
        say.result(behind_text(standing, str(ground.inventory)))
    if picture:
        say.result("now\n" + "".join(f"  {line}\n" for line in picture_text(picture).splitlines()))
    return code


def _watch(ground: Ground, timeout: float) -> int:
    from deployer.cli.watching import watch
    from deployer.report.phrases import EXIT_CODES

    return EXIT_CODES[watch(ground, "", timeout).end]


def _look(ground: Ground) -> Picture:
    from deployer.cli.workplace import workplace

    with workplace(ground) as work:
        return work.world.eyes.look()
