"""The reference, written from the code: `python -m tests.reference` writes docs/reference/"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from inspect import cleandoc
from pathlib import Path
from typing import get_args

import click

from deployer import errors, events
from deployer.cli.main import EXIT_CODES, cli
from deployer.cli.verb_group import SECTIONS, caption
from deployer.report.account import account
from deployer.report.json import account_json, failure_json, picture_json, plan_json
from deployer.starter.settings import commented
from tests.report import records

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
NOTE = "Written from the code by `python -m tests.reference`; a test compares.\n"


def pages() -> dict[str, str]:
    """File name to text, as it should be."""
    return {
        "README.md": _page("Reference", _contents()),
        "commands.md": _page("Commands", _commands()),
        "settings.md": _page("deployer.yml", _settings()),
        "json.md": _page("What `--json` says, and what the journal holds", _json()),
    }


def _page(title: str, lines: Iterator[str]) -> str:
    return f"# {title}\n\n{NOTE}\n" + "\n".join(lines).rstrip() + "\n"


def _contents() -> Iterator[str]:
    yield "- [Commands](commands.md): every verb, its options and examples"
    yield "- [deployer.yml](settings.md): every setting, its default and meaning"
    yield "- [JSON](json.md): the keys of `--json`, and the records of the journal"
    yield "- [Exit codes](../exit-codes.md), and what to do then: [troubleshooting](../troubleshooting.md)"


def _commands() -> Iterator[str]:
    context = click.Context(cli, info_name="deployer")
    named = [name for _, names in SECTIONS for name in names]
    more = [name for name in cli.list_commands(context) if name not in named]
    for title, names in (*SECTIONS, ("More", tuple(more))):
        known = [name for name in names if name in cli.list_commands(context)]
        if known:
            yield f"**{title}** " + " · ".join(f"[{name}](#deployer-{name})" for name in known) + "\n"
    yield f"`--help` of each says the same.\n\n```\n{cleandoc(EXIT_CODES.replace(chr(8), ''))}\n```\n"
    for name in (*named, *more):
        command = cli.get_command(context, name)
        if command:
            yield from _command(command, f"deployer {name}", caption(name), 2)


def _command(command: click.Command, path: str, about: str, depth: int) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"{'#' * depth} {path}\n"
    yield f"`{path} {usage}`\n"
    yield f"{_prose(command.help or about)}\n"
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    if options:
        yield "| option | means |\n|---|---|"
        yield from (_option(one, context) for one in options)
        yield ""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below:
                yield from _command(below, f"{path} {name}", below.get_short_help_str(), depth + 1)
    examples = [line[2:] for line in (command.epilog or "").splitlines() if line.startswith("  ")]
    if examples:
        yield "```sh\n" + "\n".join(examples) + "\n```\n"


def _option(one: click.Option, context: click.Context) -> str:
    names = ", ".join([*one.opts, *one.secondary_opts])
    value = "" if one.is_flag or one.count else f" {one.make_metavar(context)}"
    default = f" [{one.default}]" if one.show_default and one.default not in (None, "") else ""
    return f"| {_code(names + value)} | {_cell(one.help or '')}{default} |"


def _settings() -> Iterator[str]:
    yield "Durations are written `500ms`, `30s`, `5m` or `1h`; numbers of hosts `3` or `25%`. Of a section that is left"
    yield "out the defaults count, except `edge`, `dns` and `gate`: those are none then. **given**: has no default.\n"
    yield "| key | default | means |\n|---|---|---|"
    above: dict[int, str] = {}
    about = ""
    for line in commented("shop").splitlines():
        if told := re.fullmatch(r"( *)# (\S.*)", line):
            about = told[2]
        elif found := re.fullmatch(r"(#?)( *)([\w-]+):(.*)", line):
            default, spaces, key, value = found.groups()
            depth = len(spaces) // 2
            above[depth] = key
            path = ".".join(above[level] for level in range(depth + 1))
            shown = "" if not value.strip() else _code(value.strip()) if default else "**given**"
            yield f"| {_code(path)} | {shown} | {_cell(about)} |"
            about = ""


def _json() -> Iterator[str]:
    read = account(records.put_back())
    yield "The story goes to stderr, the result to stdout. Times are seconds since 1970 (UTC), and seconds.\n"
    for title, said in (
        ("A run: `deploy`, `resume`, `undo`, `show --json`; `status --json` has it as `run`", account_json(read)),
        ("A plan: `plan --json`", plan_json(records.PLAN, records.PICTURE)),
        ("What is there now: `status --live --json` has it as `live`", picture_json(records.PICTURE)),
        ("A failure", failure_json(errors.Refused("what", where="where", remedy="what to type"))),
    ):
        yield f"## {title}\n\n```json\n{json.dumps(_shape(said), indent=1, ensure_ascii=False)}\n```\n"
    yield "## Records of the journal\n"
    yield "Append-only, each with the hash of the one before; `deployer show RUN` and `logs RUN` read them.\n"
    yield "| record | holds | means |\n|---|---|---|"
    for event in get_args(events.Event):
        held = ", ".join(_code(one.name) for one in fields(event))
        about = (event.__doc__ or "").strip()
        yield f"| {_code(event.__name__)} | {held} | {'' if about.startswith(event.__name__) else _cell(about)} |"


def _shape(said: object) -> object:
    """The kinds of values in place of the values."""
    match said:
        case dict():
            keyed = {key: _shape(value) for key, value in said.items()}
            return (
                keyed
                if all(re.fullmatch(r"[a-z_0-9]+", str(key)) for key in keyed)
                else {"NAME": next(iter(keyed.values()))}
            )
        case list() if said:
            return [_shape(said[0])]
        case None:
            return "… or null"
        case bool() | int() | float() | str():
            return {bool: "true or false", int: "number", float: "number", str: "text"}[type(said)]
    return said


def _prose(text: str) -> str:
    return cleandoc(text.replace("\b", "")).replace("*", r"\*")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;")


def _code(text: str) -> str:
    return "`" + text.replace("|", r"\|") + "`"


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
