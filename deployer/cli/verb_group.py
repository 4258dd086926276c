"""The verbs are files of a folder, imported only when they are typed

Each holds its `command` and its `EXAMPLES`, a line each.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli.other_words import meant

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

FOLDER = Path(__file__).with_name("verbs")

SECTIONS = (
    ("Release", ("plan", "deploy", "resume", "abort", "undo", "rollback", "restart", "promote", "approve", "freeze")),
    ("Look", ("status", "history", "show", "logs", "web", "report", "metrics", "audit", "judge")),
    ("Traffic", ("traffic", "shift", "inject", "drain", "readmit", "evacuate", "restore", "drill", "dns", "squeeze")),
    ("Set up", ("init", "doctor", "notices", "lock", "lab", "completion")),
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
            near = meant(args[0], self.list_commands(ctx))
            ctx.fail(f"there is no command {args[0]!r}.{f' Did you mean `deployer {near}`?' if near else ''}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The captions are read; click would import every verb."""
        from click.shell_completion import CompletionItem

        verbs = [CompletionItem(name, help=caption(name)) for name in self.list_commands(ctx)]
        return [
            *(one for one in verbs if one.value.startswith(incomplete)),
            *click.Command.shell_complete(self, ctx, incomplete),
        ]

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
