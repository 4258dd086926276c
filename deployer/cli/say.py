"""The story goes to stderr, the result to stdout"""

from __future__ import annotations

import os
import sys

import click

from deployer.report import words


def story(text: str) -> None:
    click.echo(words.safe(text), err=True)


def meanwhile(text: str) -> None:
    """What takes a moment, for somebody who sits there and waits."""
    if lively():
        story(text)


def result(text: str) -> None:
    """The one thing the command was asked for; `text` ends its own last line."""
    click.echo(words.safe(text), nl=False)


def interactive() -> bool:
    """A person can be asked: both ends are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def lively() -> bool:
    """A screen that redraws itself is welcome; NO_COLOR only takes its colours."""
    plain = os.environ.get("CI") or os.environ.get("TERM") == "dumb"
    return sys.stderr.isatty() and not plain
