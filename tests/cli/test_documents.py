"""What the documents say of the command line is so"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from deployer import errors
from deployer.cli.main import EXIT_CODES, cli

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")))


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


def _written(pattern: str) -> list[tuple[str, str]]:
    """Page and command line, wherever the documents have one like this."""
    return sorted(
        {
            (str(page.relative_to(ROOT)), " ".join(line.replace("\\|", "|").split()))
            for page in PAGES
            for line in re.findall(pattern, page.read_text(encoding="utf-8"), re.MULTILINE)
        }
    )


def _lines() -> list[tuple[str, str]]:
    """To be copied: from blocks of shell, fenced or indented."""
    fences = [
        (str(page.relative_to(ROOT)), line)
        for page in PAGES
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
        if line.startswith("deployer ")
    ]
    return sorted({*fences, *_written(r"^    (deployer [a-z].*)$")})


@pytest.mark.parametrize(("page", "line"), _lines())
def test_what_the_documents_tell_to_type_can_be_typed(page: str, line: str) -> None:
    plain = re.sub(r" \[[^]]*\]", "", re.split(r" [|&>] ?", line)[0])
    _, verb, *words = shlex.split(plain, comments=True)
    command = cli.get_command(click.Context(cli), verb)
    assert command, f"{page}: there is no command {verb}"
    parsed(command, words)


@pytest.mark.parametrize(("page", "line"), _written(r"`(deployer [a-z][^`]*)`"))
def test_what_the_documents_mention_exists(page: str, line: str) -> None:
    verb, *words = line.split()[1:]
    command = cli.get_command(click.Context(cli), verb)
    assert command, f"{page}: there is no command {verb}"
    options = {option for one in _with_those_below(command) for known in one.params for option in known.opts}
    used = {found[0] for word in words if (found := re.match(r"--?[a-z][a-z-]*", word))}
    assert used <= {*options, "--help", "-h"}, page


def _with_those_below(command: click.Command) -> tuple[click.Command, ...]:
    return (command, *(command.commands.values() if isinstance(command, click.Group) else ()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        place, _, anchor = link.partition("#")
        if not re.match(r"[a-z]+:", link):
            target = (page.parent / place).resolve() if place else page
            assert target.exists(), link
            assert not anchor or anchor in _anchors(target), link


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
