"""Words in, messages and exit codes out"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from deployer import errors
from deployer.cli import main, verb_group
from deployer.cli.main import cli, run
from tests.cli import journals

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """A verb `boom` that raises what the list holds."""
    raised: list[Exception] = []

    @click.command("boom")
    @click.option("--json", "as_json", is_flag=True)
    @click.option("-v", "--verbose", is_flag=True)
    def boom(**_: object) -> None:
        raise raised[0]

    found = cli.get_command

    def get_command(ctx: click.Context, name: str) -> click.Command | None:
        return boom if name == "boom" else found(ctx, name)

    monkeypatch.setattr(cli, "get_command", get_command)
    monkeypatch.setattr(cli, "list_commands", lambda _: ["boom"])
    return raised


def test_help_names_every_verb_by_its_files_caption(capsys: Capture) -> None:
    assert run(["--help"]) == 0
    said = capsys.readouterr().out
    for path in verb_group.FOLDER.glob("[a-z]*.py"):
        assert f"  {path.stem} " in said
        assert verb_group.caption(path.stem)[:40] in said


@pytest.mark.parametrize("path", sorted(verb_group.FOLDER.glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_every_verb_explains_itself(path: Path, capsys: Capture) -> None:
    assert run([path.stem, "--help"]) == 0
    assert "Usage: deployer" in capsys.readouterr().out


def test_help_lists_the_exit_codes(capsys: Capture) -> None:
    run(["--help"])
    said = capsys.readouterr().out
    assert all(f"  {code}  " in said for code in range(9))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["deplyo"], "Did you mean `deployer deploy`?"),
        (["plan"], "Missing argument"),
        (["deploy", "--same-release", "1.0", "-i", "x"], "either a version or --same-release"),
        (["deploy", "1.0", "--nope"], "No such option"),
        (["status"], "no inventory given"),
        (["status", "-i", "/nowhere"], "there is no such inventory"),
        (["deploy", "1.0", "--undo", "some"], "'some' is not one of"),
        (["lock", "release"], "Missing option '--reason'"),
    ],
)
def test_wrong_words_end_with_2(
    words: list[str], why: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DEPLOYER_INVENTORY", "ANSIBLE_INVENTORY"):
        monkeypatch.delenv(name, raising=False)
    assert run(words) == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    "kind",
    [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.DeployerError)],
)
def test_each_failure_has_its_exit_code_and_says_what_where_next(
    kind: type[errors.DeployerError], failing: list[Exception], capsys: Capture
) -> None:
    failing.append(kind("it broke\x1b[31m", where="web1", remedy="deployer status"))
    assert run(["boom"]) == kind.exit_code
    assert capsys.readouterr().err == "error  it broke\\x1b[31m\nwhere  web1\nnext   deployer status\n"


def test_a_failure_as_json(failing: list[Exception], capsys: Capture) -> None:
    failing.append(errors.LockHeld("taken", where="shop", remedy="wait"))
    assert run(["boom", "--json"]) == 4
    said = json.loads(capsys.readouterr().out)
    assert said == {"error": "LockHeld", "what": "taken", "where": "shop", "next": "wait", "exit_code": 4}


def test_a_bug_ends_with_1_and_leaves_its_story_in_a_file(failing: list[Exception], capsys: Capture) -> None:
    failing.append(KeyError("oops"))
    assert run(["boom"]) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    file = Path(next(line for line in said.splitlines() if line.startswith("where")).split()[1])
    assert "KeyError: 'oops'" in file.read_text()
    file.unlink()


def test_a_bug_is_told_whole_with_v(failing: list[Exception], capsys: Capture) -> None:
    failing.append(KeyError("oops"))
    assert run(["boom", "-v"]) == 1
    assert "KeyError: 'oops'" in capsys.readouterr().err


def test_the_command_exits_with_the_code(tmp_path: Path) -> None:
    where = journals.inventory(tmp_path)
    words = [sys.executable, "-m", "deployer", "show", "nope", "-i", str(where)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error  nothing was run for shop yet\n")


def test_the_environment_names_the_inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("DEPLOYER_INVENTORY", str(journals.inventory(tmp_path)))
    assert run(["status"]) == 0
    assert "nothing was run yet" in capsys.readouterr().out


def test_a_directory_with_deployer_yml_is_an_inventory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    for name in ("DEPLOYER_INVENTORY", "ANSIBLE_INVENTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(journals.inventory(tmp_path))
    assert run(["status"]) == 0
    assert "nothing was run yet" in capsys.readouterr().out


def test_main_exits() -> None:
    with pytest.raises(SystemExit) as end:
        main.main(["deplyo"])
    assert end.value.code == 2
