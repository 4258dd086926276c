"""The verbs are files of a folder, imported only when they are typed

Each holds its `command` and its `EXAMPLES`, a line each.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

import click

FOLDER = Path(__file__).with_name("verbs")

SECTIONS = (
    ("Release", ("plan", "deploy", "resume", "abort", "undo", "rollback", "restart", "promote", "approve")),
    ("Look", ("status", "history", "show", "logs", "web", "report", "judge")),
    ("Traffic", ("traffic", "shift", "inject", "drain", "readmit", "evacuate", "restore", "drill", "dns", "squeeze")),
    ("Set up", ("init", "doctor", "lock", "lab")),
)
"""The order of the help; a verb that is named nowhere comes under "More"."""


class VerbGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        verb = import_module(f"deployer.cli.verbs.{cmd_name}")
        assert isinstance(verb.command, click.Command)  # noqa: S101 - a verb's file that breaks the rule is our bug
        verb.command.epilog = "\n".join(("\b", "Examples:", *(f"  {line}" for line in verb.EXAMPLES.splitlines())))
        return verb.command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            near = get_close_matches(args[0], self.list_commands(ctx), 1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"there is no command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        known = self.list_commands(ctx)
        for title, names in (*SECTIONS, ("More", tuple(_unnamed(known)))):
            rows = [(name, caption(name)) for name in names if name in known]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def _unnamed(known: list[str]) -> Iterator[str]:
    named = {name for _, names in SECTIONS for name in names}
    return (name for name in known if name not in named)


def caption(verb: str) -> str:
    """The first line of the verb's file, read without importing it."""
    with (FOLDER / f"{verb}.py").open(encoding="utf-8") as file:
        return file.readline().strip().strip('"')
