"""The options that mean the same with every verb"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from deployer.cli import completing, sudo
from deployer.errors import UsageError
from deployer.settings.duration import EXPECTED, seconds

if TYPE_CHECKING:
    from deployer.inventory.facts import Asking

Verb = Callable[..., Any]
Decorated = TypeVar("Decorated", bound=Verb)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the verb works: the inventory as Ansible takes it, and how its secrets open."""

    inventory: Path
    extra_vars: tuple[str, ...] = ()
    vault_password_file: Path | None = None
    become_password: str = field(default="", repr=False)
    """For sudo where the inventory gives none."""

    @property
    def name(self) -> str:
        """The environment's name as an operator types it: `prod` for inventories/prod or inventories/prod/hosts.yml."""
        place = self.inventory.absolute()
        return place.name if place.is_dir() else place.parent.name

    @property
    def asking(self) -> Asking:
        """The same for whoever reads the inventory."""
        from deployer.inventory.facts import Asking

        vault = (self.vault_password_file,) if self.vault_password_file else ()
        return Asking(vault_password_files=vault, extra_vars=self.extra_vars)


@dataclass(frozen=True, slots=True)
class Papers:
    """Which reports to leave behind; None: none."""

    junit: Path | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Acting:
    """How an act is agreed to and shown: `check` changes nothing, `yes` asks nobody."""

    reason: str = ""
    check: bool = False
    yes: bool = False
    as_json: bool = False
    papers: Papers = Papers()
    verbose: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """How a deployment differs from what deployer.yml says; empty: not at all."""

    sha256: str = ""
    wave: str = ""
    min_in_service: str = ""
    strategy: str = ""
    undo: str = ""
    at: str = ""
    irreversible: bool = False
    across: bool = False
    exclude: tuple[str, ...] = ()
    give_up_warm: bool = False


inventory = click.option("-i", "--inventory", type=click.Path(path_type=Path), help="The Ansible inventory.")
across = click.option(
    "--across-irreversible", "across", is_flag=True, help="Go back although an irreversible release lies between."
)
exclude = click.option(
    "--exclude",
    multiple=True,
    metavar="HOST",
    shell_complete=completing.hosts,
    help="Leave this host alone, as if it were not there; with --reason.",
)


def going(verb: Verb) -> Verb:
    """What forward and back have in common: `--sha256 --wave --strategy …`, handed to the verb as `asked`."""

    @wraps(verb)
    def with_wishes(**given: Any) -> object:
        asked = Asked(**{one.name: given.pop(one.name) for one in fields(Asked) if one.name in given})
        return verb(asked=asked, **given)

    return _all(
        with_wishes,
        click.option("--sha256", default="", metavar="HEX", help="The artifact's digest, else <artifact>.sha256."),
        click.option("--wave", default="", metavar="N|N%", help="Hosts that go out together, per site."),
        click.option("--min-in-service", default="", metavar="N|N%", help="Hosts that always serve, per site."),
        click.option(
            "--strategy",
            default="",
            metavar="NAME",
            shell_complete=completing.strategies,
            help="rolling, canary or bluegreen, other than usual.",
        ),
        click.option(
            "--undo",
            default="",
            type=click.Choice(["", "stage", "site", "all", "none"]),
            metavar="stage|site|all|none",
            help="What a failure puts back.",
        ),
        across,
        exclude,
    )


def wishes(verb: Verb) -> Verb:
    """The same, and what only a new release may want."""
    return _all(
        going(verb),
        click.option(
            "--at",
            default="",
            type=click.Choice(["", "0"]),
            metavar="0",
            help="Dark canary: testers only, until promote.",
        ),
        click.option("--irreversible", is_flag=True, help="There is no way back below it (a schema change)."),
        click.option("--give-up-warm", is_flag=True, help="Take the old colour although it is kept warm."),
    )


def ground(verb: Verb) -> Verb:
    """`-i -e --vault-password-file -K --become-password-file`, handed to the verb as `ground`."""

    @wraps(verb)
    def with_ground(
        inventory: Path | None,
        extra_vars: tuple[str, ...],
        vault_password_file: Path | None,
        become_password_file: Path | None,
        *,
        ask_become_pass: bool,
        **rest: object,
    ) -> object:
        place = found(inventory)
        become = sudo.password(become_password_file, ask=ask_become_pass)
        return verb(ground=Ground(place, extra_vars, vault_password_file, become), **rest)

    return _all(
        with_ground,
        inventory,
        click.option("-e", "--extra-vars", multiple=True, metavar="KEY=VALUE|@FILE", help="As in Ansible."),
        click.option("--vault-password-file", type=click.Path(path_type=Path), help="As in Ansible."),
        click.option("-K", "--ask-become-pass", is_flag=True, help="Ask for the password of sudo on the machines."),
        click.option("--become-password-file", type=click.Path(path_type=Path), help="Or read it here, as in Ansible."),
    )


def found(given: Path | None) -> Path:
    """As typed, else $DEPLOYER_INVENTORY, $ANSIBLE_INVENTORY, or here when deployer.yml is here."""
    for name in ("DEPLOYER_INVENTORY", "ANSIBLE_INVENTORY"):
        if given is None and os.environ.get(name):
            given = Path(os.environ[name])
    if given is not None:
        return given
    if Path("deployer.yml").is_file():
        return Path()
    raise UsageError(
        "no inventory given, and there is no deployer.yml in this directory",
        where="-i",
        remedy="-i inventories/prod, DEPLOYER_INVENTORY=inventories/prod, or `deployer init inventories/prod`",
    )


def papers(verb: Verb) -> Verb:
    """`--junit --report-dir`, handed to the verb as `papers`."""

    @wraps(verb)
    def with_papers(junit: Path | None, report_dir: Path | None, **rest: object) -> object:
        return verb(papers=Papers(junit, report_dir), **rest)

    return _all(
        with_papers,
        click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML here."),
        click.option(
            "--report-dir",
            type=click.Path(path_type=Path, file_okay=False),
            help="Leave report.html, report.json, junit.xml and runbook.txt here.",
        ),
    )


class Duration(click.ParamType[float]):
    """`30s`, `5m`: the verb gets seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):  # a default
            return value
        told = seconds(str(value))
        if told is None:
            self.fail(f"{value!r} is not {EXPECTED}", param, ctx)
        return told


@dataclass(frozen=True, slots=True)
class Override:
    """Why a release goes on under a freeze, and who agrees besides the operator; empty: it does not."""

    reason: str = ""
    second: str = ""


def overriding(verb: Verb) -> Verb:
    """`--override-freeze --second`, handed to the verb as `override`."""

    @wraps(verb)
    def with_override(override_freeze: str, second: str, **rest: object) -> object:
        return verb(override=Override(override_freeze, second), **rest)

    return _all(
        with_override,
        click.option("--override-freeze", default="", metavar="REASON", help="Though it is frozen; with --second."),
        click.option("--second", default="", metavar="NAME", help="Who agrees to that, another person than you."),
    )


limit = click.option(
    "--limit",
    "-l",
    default="",
    metavar="PATTERN",
    shell_complete=completing.hosts,
    help="Only these hosts, as in Ansible.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout.")
yes = click.option("--yes", "-y", is_flag=True, help="Do not ask for the environment's name.")
check = click.option("--check", is_flag=True, help="Look, plan and check everything; change nothing.")
verbose = click.option("-v", "--verbose", count=True, help="Say more.")
emergency = click.option("--emergency", is_flag=True, help="Though a site gets more than it can carry; needs --reason.")
reason = click.option("--reason", default="", metavar="TEXT", help="Why; it is written into the journal.")


def acting(verb: Verb) -> Verb:
    """What every act on a run takes, `--reason --yes --json --junit --report-dir -v`, handed over as `acting`."""

    @wraps(verb)
    def with_acting(
        *, reason: str, yes: bool, as_json: bool, papers: Papers, verbose: int, check: bool = False, **rest: object
    ) -> object:
        return verb(acting=Acting(reason, check, yes, as_json, papers, verbose), **rest)

    return _all(with_acting, reason, yes, as_json, papers, verbose)


def planning(verb: Verb) -> Verb:
    """The same for an act that is planned first, with `--check`."""
    return check(acting(verb))


def _all(verb: Verb, *options: Callable[[Verb], Verb]) -> Verb:
    for option in reversed(options):
        verb = option(verb)
    return verb
