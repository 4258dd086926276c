"""The password for sudo: from a file, from a program, or asked on the terminal"""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.cli import sudo
from deployer.cli.main import run
from deployer.cli.options import Ground
from deployer.errors import UsageError
from deployer.machines import Login


def test_nothing_wanted_nothing_asked() -> None:
    assert sudo.password(None, ask=False) == ""


def test_from_a_file_or_a_program(tmp_path: Path) -> None:
    told = tmp_path / "told"
    told.write_text(" with spaces \n")
    assert sudo.password(told, ask=False) == " with spaces "
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho printed\n")
    program.chmod(0o700)
    assert sudo.password(program, ask=True) == "printed"


@pytest.mark.parametrize(("text", "words"), [(None, "cannot be read: No such file"), ("\n", "no password in it")])
def test_a_file_that_holds_none(tmp_path: Path, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / "told").write_text(text)
    with pytest.raises(UsageError, match=words):
        sudo.password(tmp_path / "told", ask=False)


def test_a_program_that_fails(tmp_path: Path) -> None:
    (tmp_path / "program").write_text("#!/bin/sh\necho half; exit 3\n")
    (tmp_path / "program").chmod(0o700)
    with pytest.raises(UsageError, match="cannot be read"):
        sudo.password(tmp_path / "program", ask=False)


def test_without_a_terminal_nobody_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "-K", "-i", str(tmp_path)]) == 2
    assert "--become-password-file FILE" in capsys.readouterr().err


def test_it_is_for_those_who_have_none_and_shows_in_no_repr() -> None:
    own, none = Login("h", become_password="own"), Login("h")
    assert own.sudo_with("asked").become_password == "own"
    assert none.sudo_with("asked").become_password == "asked"
    assert "asked" not in repr(Ground(Path(), become_password="asked"))
