"""The command `deployer`: runs a verb, and turns failures into messages and exit codes"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from deployer.cli.verb_group import VerbGroup
from deployer.errors import DeployerError

EXIT_CODES = """\b
Exit codes:
  0  done, or there was nothing to do
  1  a bug of ours
  2  usage or settings wrong, nothing was touched
  3  refused: unsafe plan or failed preflight, nothing was touched
  4  somebody else holds the lock, or took over
  5  failed, and everything was put back
  6  stopped half-way, a person is needed, the journal says where
  7  waiting: approval or an inconclusive gate
  8  the saved plan is stale, the world moved
"""


@click.group(cls=VerbGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="deployer", prog_name="deployer")
def cli() -> None:
    """Release software on your own servers without downtime."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and exit."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    code = run(words)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def run(words: list[str]) -> int:
    """Run a command line; the exit code."""
    try:
        code = cli.main(words, prog_name="deployer", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        return 130
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except BrokenPipeError:
        return 141
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        return 130
    except DeployerError as failure:
        return _told(failure, as_json="--json" in words)
    except Exception as bug:  # noqa: BLE001 - the last door: a bug gets a message, a file and its own exit code
        return _bug(bug, verbose=any(word in ("-v", "-vv", "--verbose") for word in words))
    return code if isinstance(code, int) else 0


def _told(failure: DeployerError, *, as_json: bool) -> int:
    from deployer.report import words

    click.echo(f"{click.style('error', fg='red', bold=True)}  {_indented(words.safe(failure.what))}", err=True)
    if failure.where:
        click.echo(f"where  {words.one_line(failure.where)}", err=True)
    if failure.remedy:
        click.echo(f"next   {_indented(words.safe(failure.remedy))}", err=True)
    if as_json:
        from deployer.report.json import dumps, failure_json

        click.echo(dumps(failure_json(failure)), nl=False)
    return failure.exit_code


def _indented(text: str) -> str:
    return text.strip().replace("\n", "\n       ")


def _bug(bug: Exception, *, verbose: bool) -> int:
    import tempfile
    import traceback

    story = "".join(traceback.format_exception(bug))
    click.echo(f"bug    {type(bug).__name__} inside deployer; nothing more is done", err=True)
    if verbose:
        click.echo(story, err=True)
        return 1
    with tempfile.NamedTemporaryFile("w", prefix="deployer-bug-", suffix=".txt", delete=False) as file:
        file.write(story)
    click.echo(f"where  {file.name}", err=True)
    click.echo("next   deployer status, and report the file above", err=True)
    return 1
