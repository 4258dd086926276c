"""The compiled copy answers while nothing changed, and holds no secret"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.inventory import compiled
from deployer.inventory.facts import Asking, Facts
from deployer.inventory.fingerprint import fingerprint
from tests.inventory.ground import facts, files, settings

SECRET = "geheim-4711"


def _kept(tmp_path: Path) -> tuple[Path, str, Facts]:
    copy, print_of = tmp_path / "state" / "inventory-x.json", "f" * 64
    given = replace(facts(web1={"ansible_become_password": SECRET, "ansible_port": 22}), secret=True)
    compiled.keep(copy, print_of, given)
    return copy, print_of, given


def test_what_is_kept_comes_back_without_secrets(tmp_path: Path) -> None:
    copy, print_of, given = _kept(tmp_path)
    found = compiled.load(copy, print_of)
    assert found is not None
    assert found.hosts["web2"] == given.hosts["web2"]
    assert found.hosts["web1"]["ansible_port"] == 22
    assert "ansible_become_password" not in found.hosts["web1"]
    assert (found.groups, found.secret) == (given.groups, True)
    assert SECRET not in copy.read_text()


def test_nobody_else_reads_the_copy(tmp_path: Path) -> None:
    copy, _, _ = _kept(tmp_path)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"of": "f"}', json.dumps({"of": "f" * 64, "facts": {"hosts": 1}})])
def test_a_damaged_copy_is_as_good_as_none(tmp_path: Path, damage: str) -> None:
    copy, print_of, _ = _kept(tmp_path)
    copy.write_text(damage)
    assert compiled.load(copy, print_of) is None


def test_a_stale_or_absent_copy_is_none(tmp_path: Path) -> None:
    copy, _, _ = _kept(tmp_path)
    assert compiled.load(copy, "e" * 64) is None
    assert compiled.load(tmp_path / "absent", "f" * 64) is None


def test_no_place_to_keep_it_costs_only_speed(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, not a directory")
    compiled.keep(tmp_path / "state" / "copy.json", "f" * 64, facts())


def test_the_fingerprint_changes_with_every_file_and_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inventory = files(tmp_path, group_vars__all="a: 1\n")

    def now(asking: Asking | None = None) -> str:
        return fingerprint(inventory, asking or Asking())

    seen = [now(), now(Asking(extra_vars=("a=2",)))]
    (inventory / "host_vars").mkdir()
    (inventory / "host_vars" / "web1.yml").write_text("a: 1\n")
    seen.append(now())
    (inventory / "group_vars" / "all.yml").write_text("a: 3\n")
    os.utime(inventory / "group_vars" / "all.yml", ns=(1, 1))
    seen.append(now())
    (tmp_path / "ansible.cfg").write_text("[defaults]\nremote_user = ops\n")
    seen.append(now())
    monkeypatch.setenv("ANSIBLE_REMOTE_USER", "root")
    seen.append(now())
    assert len(set(seen)) == len(seen)
    assert "" not in seen


def test_our_own_journal_beside_the_inventory_changes_nothing(tmp_path: Path) -> None:
    inventory = files(tmp_path)
    before = fingerprint(inventory, Asking())
    for name in ("shop.db", "shop.db-wal", "inventory-0123456789abcdef.json"):
        (inventory / name).write_text("x")
    assert fingerprint(inventory, Asking()) == before


def test_scripts_and_cloud_plugins_are_asked_each_time(tmp_path: Path) -> None:
    inventory = files(tmp_path, aws_ec2="plugin: amazon.aws.aws_ec2\n")
    assert fingerprint(inventory, Asking()) == ""
    script = files(tmp_path / "other") / "hosts.sh"
    script.write_text("#!/bin/sh\necho '{}'\n")
    script.chmod(0o755)
    assert fingerprint(script.parent, Asking()) == ""


def test_the_copy_lies_beside_the_journal(tmp_path: Path) -> None:
    place = compiled.place(Path("inventories/prod"), settings(tmp_path))
    assert place.parent == tmp_path / "state"
    assert place != compiled.place(Path("inventories/test"), settings(tmp_path))
