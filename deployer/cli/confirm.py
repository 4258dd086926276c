"""Dangerous verbs ask for the environment's name to be typed"""

from __future__ import annotations

import click

from deployer.cli import say
from deployer.errors import UsageError


def confirm(what: str, environment: str, *, yes: bool) -> None:
    """Return when the operator agreed.

    Raises:
        UsageError: he did not, or nobody can be asked; nothing was touched.
    """
    if yes:
        return
    if not say.interactive():
        raise UsageError(f"{what} needs your word, and there is no terminal to ask on", remedy="add --yes")
    typed = click.prompt(f"{what}? Type {environment} to go on", err=True, default="", show_default=False)
    if typed.strip() != environment:
        raise UsageError(f"not confirmed: {typed.strip()!r} is not {environment!r}; nothing was touched")
