"""What the documents say of the command line is so"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from deployer import errors
from deployer.cli.main import EXIT_CODES, cli

DOCS = Path(__file__).parents[2] / "docs"


def _options() -> set[str]:
    context = click.Context(cli)
    commands = [cli.get_command(context, name) for name in cli.list_commands(context)]
    return {option for command in commands if command for parameter in command.params for option in parameter.opts}


def test_every_option_of_the_rolling_page_exists() -> None:
    named = set(re.findall(r"`(--[a-z0-9-]+)", (DOCS / "rolling.md").read_text()))
    assert named
    assert named <= _options()


@pytest.mark.parametrize("verb", cli.list_commands(click.Context(cli)))
def test_the_examples_of_a_verb_can_be_typed(verb: str) -> None:
    command = cli.get_command(click.Context(cli), verb)
    assert command
    examples = [line for line in (command.epilog or "").splitlines() if line.startswith("  ")]
    assert examples
    for line in examples:
        deployer, *words = shlex.split(line.partition(" > ")[0], comments=True)
        assert (deployer, words[0]) == ("deployer", verb)
        parsed(command, words[1:])


def parsed(command: click.Command, words: list[str]) -> None:
    context = command.make_context(command.name, words)
    if isinstance(command, click.Group):
        _, below, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert below
        parsed(below, rest)


def test_the_page_of_exit_codes_lists_every_failure() -> None:
    page = (DOCS / "exit-codes.md").read_text()
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")]
    for code in {kind.exit_code for kind in kinds}:
        assert f"| {code} |" in page
        assert f"  {code}  " in EXIT_CODES
