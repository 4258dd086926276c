"""The dashboard in a browser: watch runs, answer, abort, evacuate"""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click

from deployer.cli import options, say
from deployer.cli.options import Ground
from deployer.errors import UsageError

if TYPE_CHECKING:
    from deployer.web.desk import Desk

EXAMPLES = """\
deployer web -i inventories/prod
deployer web --admit ann --role operator --role approver -i inventories/prod
"""


@click.command("web")
@options.ground
@click.option("--listen", default="", metavar="HOST:PORT", help="Elsewhere than deployer.yml says.")
@click.option("--admit", default="", metavar="NAME", help="Make a token for this person, in place of any before; end.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(["viewer", "operator", "approver"]),
    help="What they may do: an operator aborts and evacuates, an approver approves and promotes.",
)
def command(*, ground: Ground, listen: str, admit: str, roles: tuple[str, ...]) -> None:
    """Show runs, traffic and the lock in a browser; approve, abort, promote and evacuate there.

    Reads the journal only, and acts by starting the same commands: when it dies, no run is hurt. Listens on loopback;
    who enters is known by a token, or by what a proxy says (docs/dashboard.md). ^C ends it.
    """
    from deployer.web.desk import desk

    with desk(ground.inventory, ground.name, _more(ground)) as one:
        if admit:
            _admit(one, admit, roles)
        else:
            _serve(one, listen)


def _more(ground: Ground) -> tuple[str, ...]:
    """What every command that is started there is told. A password is in no command line."""
    if ground.become_password:
        raise UsageError(
            "the dashboard keeps no password for sudo",
            where="-K",
            remedy="ansible_become_password in a vault, with --vault-password-file",
        )
    vault = ("--vault-password-file", str(ground.vault_password_file.absolute())) if ground.vault_password_file else ()
    return (*(word for one in ground.extra_vars for word in ("-e", one)), *vault)


def _admit(one: Desk, name: str, roles: tuple[str, ...]) -> None:
    from deployer.web.people import Role

    say.result(one.door.people.admit(name, [Role(role) for role in roles]) + "\n")
    say.story(f"{name} enters with this token; it is shown only now")


def _serve(one: Desk, listen: str) -> None:
    """Who starts it for the first time is admitted, so that somebody can enter."""
    from deployer.web.server import serve

    if not one.door.behind_a_proxy and not one.door.people.path.exists():
        _admit(one, getpass.getuser(), ("operator", "approver"))
    serve(one, listen, lambda url: say.story(f"open  {url}\n^C    ends the dashboard, and no run"))
