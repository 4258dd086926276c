"""Each file in wrong/ is a deployer.yml, a line of =====, and what the operator then reads; GOLDEN=1 writes it"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deployer.errors import SettingsError
from deployer.settings.file import read

CASES = sorted((Path(__file__).parent / "wrong").glob("*.txt"))
NEXT = "\n  next: mend deployer.yml; `deployer init DIR` writes every setting with its default"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_each_complaint_says_where_what_and_what_was_expected(case: Path, tmp_path: Path) -> None:
    given, _, expected = case.read_text().partition("=====\n")
    path = tmp_path / "deployer.yml"
    path.write_text(given)
    with pytest.raises(SettingsError) as refused:
        read(path)
    assert refused.value.exit_code == 2
    said = str(refused.value).replace(str(path), "deployer.yml").replace(NEXT, "") + "\n"
    if os.environ.get("GOLDEN"):
        case.write_text(f"{given}=====\n{said}")
    else:
        assert said == expected


def test_a_missing_file_says_where_it_looked_and_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path / "deployer.yml")
    assert str(refused.value) == (
        f"{tmp_path}/deployer.yml: there is no such file\n  next: deployer init {tmp_path} writes one to start from"
    )


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deployer.yml"
    path.write_bytes(b"service: \xff\xfe\n")
    with pytest.raises(SettingsError, match="cannot be read"):
        read(path)
