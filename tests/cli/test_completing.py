"""The shell completes what the journal and the kept inventory know, and a wrong word is answered with the right one"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from deployer.cli.main import cli, run
from deployer.cli.other_words import MEANT
from deployer.evacuation import card as cards
from deployer.evacuation.card import Card
from tests.cli import journals
from tests.cli.test_documents import parsed
from tests.report import records

RUN = "20231115-221320-bbbb"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An inventory that was read once, with a run in its journal."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "kept"))
    inventory = journals.inventory(tmp_path)
    journals.write(inventory, RUN, records.put_back())
    hosts = (("dc1-web1", "dc1"), ("dc2-web1", "dc2"))
    cards.keep(inventory, Card("shop", "", 0.0, "", ("dc1", "dc2"), (), (), False, 0.0, 0.0, hosts=hosts))
    return inventory


@pytest.fixture
def bash(tmp_path: Path) -> Path:
    """A `deployer` as the shell finds it, and its completion in a file."""
    program = tmp_path / "bin" / "deployer"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m deployer "$@"\n')
    program.chmod(0o755)
    return program


def offered(bash: Path, line: str, place: Path) -> list[str]:
    words = [*shlex.split(line), *([""] if line.endswith(" ") else [])]
    script = (
        f"source <({bash} completion bash); COMP_WORDS=({' '.join(shlex.quote(word) for word in words)}); "
        f'COMP_CWORD={len(words) - 1}; _deployer_completion deployer; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    environment = {**os.environ, "DEPLOYER_INVENTORY": str(place), "PATH": f"{bash.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=environment, check=True, timeout=120
    )
    assert not done.stderr, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("deployer statu", ["status"]),
        ("deployer status --wat", ["--watch"]),
        ("deployer show ", [RUN]),
        ("deployer evacuate ", ["dc1", "dc2"]),
        ("deployer drain dc1", ["dc1-web1"]),
        ("deployer deploy --strategy c", ["canary"]),
        ("deployer show -i /nowhere ", []),
        ("deployer completion z", ["zsh"]),
    ],
)
def test_bash_is_offered_what_fits(line: str, expected: list[str], place: Path, bash: Path) -> None:
    assert offered(bash, line, place) == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_get_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert f"_DEPLOYER_COMPLETE={shell}_complete" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (["deplyo"], "Did you mean `deployer deploy`?"),
        (["rolback"], "Did you mean `deployer rollback`?"),
        (["rolout"], "Did you mean `deployer deploy VERSION`?"),
        (["failover"], "Did you mean `deployer evacuate SITE --reason TEXT`?"),
        (["cancel"], "Did you mean `deployer abort`?"),
        (["status", "--wach"], "'--watch'"),
        (["lab", "dwn"], "'down'"),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_one(
    typed: list[str], answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(typed) == 2
    assert answer in capsys.readouterr().err


def test_nothing_is_guessed_from_far_away(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["xyzzy"]) == 2
    assert "mean" not in capsys.readouterr().err


@pytest.mark.parametrize("line", sorted(set(MEANT.values())))
def test_what_is_suggested_can_be_typed(line: str) -> None:
    verb, *rest = shlex.split(line)
    command = cli.get_command(click.Context(cli), verb)
    assert command
    parsed(command, rest)


def test_no_word_of_another_tool_hides_a_verb() -> None:
    assert not set(MEANT) & set(cli.list_commands(click.Context(cli)))
