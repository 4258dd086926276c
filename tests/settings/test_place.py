"""Where the settings and the journal lie, and how little it takes to know"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deployer.errors import SettingsError
from deployer.settings import home, place


def test_the_settings_lie_beside_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "deployer.yml").touch()
    (tmp_path / "hosts.yml").touch()
    assert place.settings_file(tmp_path) == tmp_path / "deployer.yml"
    assert place.settings_file(tmp_path / "hosts.yml") == tmp_path / "deployer.yml"


def test_no_settings_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        place.settings_file(tmp_path)
    assert f"looked for {tmp_path}/deployer.yml" in str(refused.value)
    assert f"deployer init {tmp_path}" in refused.value.remedy
    with pytest.raises(SettingsError, match="no such inventory"):
        place.settings_file(tmp_path / "prod")


def test_only_service_and_state_are_read(tmp_path: Path) -> None:
    path = tmp_path / "deployer.yml"
    path.write_text("service: shop\nstate: postgresql://db/deployer\nanything: {else: 1}\n")
    assert place.state_url(path) == ("shop", "postgresql://db/deployer")
    path.write_text("service: shop\nstate: sqlite:///shop.db\n")
    assert place.state_url(path) == ("shop", f"sqlite:///{tmp_path}/shop.db")
    path.write_text("service: shop\nstate: sqlite:////srv/shop.db\n")
    assert place.state_url(path) == ("shop", "sqlite:////srv/shop.db")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("service: shop\nservice: api\n", ":2: service: given twice, first on line 1"),
        ("state: ''\n", ":1: service: expected the name of the service"),
        ("service: '{{ x }}'\n", ":1: service: expected the name of the service"),
        ("service: shop\nstate: [x]\n", ":2: state: expected a URL"),
        ("", ":1: service: expected the name of the service"),
    ],
)
def test_what_is_read_is_checked(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "deployer.yml"
    path.write_text(text)
    with pytest.raises(SettingsError) as refused:
        place.state_url(path)
    assert str(refused.value).startswith(f"{path}{said}")


def test_the_default_journal_is_in_the_state_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEPLOYER_STATE")
    monkeypatch.setattr(home, "SYSTEM_STATE", tmp_path / "absent" / "deployer")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert place.state_of("shop", "", tmp_path) == f"sqlite:///{tmp_path}/state/deployer/shop.db"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert place.state_of("shop", "", tmp_path) == f"sqlite:///{tmp_path}/.local/state/deployer/shop.db"


def test_root_keeps_the_journal_under_var_lib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEPLOYER_STATE")
    monkeypatch.setattr(home, "SYSTEM_STATE", tmp_path / "deployer")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert home.state_directory() == tmp_path / "deployer"


def test_the_journal_is_found_without_pydantic(tmp_path: Path) -> None:
    path = tmp_path / "deployer.yml"
    path.write_text("service: shop\n")
    code = (
        "import sys; from pathlib import Path; from deployer.settings.place import state_url;"
        f"state_url(Path({str(path)!r})); print([m for m in ('pydantic', 'ansible', 'paramiko') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
