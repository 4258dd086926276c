"""See the lock of the service, or free it with a reason"""

from __future__ import annotations

import click

from deployer.cli import options, say
from deployer.cli.options import Ground

EXAMPLES = """\
deployer lock status -i inventories/prod
deployer lock release -i inventories/prod --reason 'the agent was reinstalled'
"""


@click.group("lock")
def command() -> None:
    """See the lock of the service, or free it with a reason."""


@command.command("status")
@options.ground
@options.as_json
def status(ground: Ground, *, as_json: bool) -> None:
    """Who holds the lock, for which run, since when and why."""
    import time

    from deployer.cli.books import books
    from deployer.report.json import dumps, lock_json
    from deployer.report.standing import lock_lines

    with books(ground) as book:
        lock = book.lock.status()
    if as_json:
        say.result(dumps(lock_json(lock)))
        return
    say.result("".join(f"{line}\n" for line in lock_lines(lock, time.time())))


@command.command("release")
@options.ground
@click.option("--reason", required=True, metavar="TEXT", help="Why; the journal keeps it.")
@options.yes
def release(ground: Ground, reason: str, *, yes: bool) -> None:
    """Free the lock, whoever holds it: the holder's next act is refused."""
    from deployer.cli.books import books
    from deployer.cli.confirm import confirm

    confirm("free the lock under its holder", ground.name, yes=yes)
    with books(ground, read_only=False) as book:
        broken = book.free_lock(reason)
    if broken is None:
        say.story("the lock was free already")
        return
    say.story(f"{broken.owner} does not hold the lock any more; run {broken.run} stops at its next step")
    say.story(f"next  deployer resume {broken.run} -i {ground.inventory}")


@command.command("adopt")
@click.argument("epoch", type=click.IntRange(1))
@options.ground
@options.yes
def adopt(epoch: int, ground: Ground, *, yes: bool) -> None:
    """Never give out an epoch up to EPOCH again.

    For a new or restored journal while the machines already carry a higher epoch.
    """
    from deployer.cli.books import books
    from deployer.cli.confirm import confirm

    confirm(f"continue after epoch {epoch}", ground.name, yes=yes)
    with books(ground, read_only=False) as book:
        book.lock.adopt(epoch)
    say.story(f"the next run gets epoch {epoch + 1} or higher")
