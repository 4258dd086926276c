"""What `deployer init` writes is the schema itself: every setting, its default, and nothing else"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployer.errors import UsageError
from deployer.settings.captions import captions
from deployer.settings.complaints import class_in
from deployer.settings.file import read
from deployer.settings.gate import GateValues
from deployer.settings.values import Settings
from deployer.starter import write

EXAMPLE = Path(__file__).parents[2] / "inventories" / "example"
NAMES = ("hosts.yml", "group_vars/all.yml", "deployer.yml")
COMMENTED = re.compile(r"^#((?: {2})*\w+:)", re.MULTILINE)


def test_the_example_is_what_init_writes(tmp_path: Path) -> None:
    assert [str(path.relative_to(tmp_path)) for path in write(tmp_path)] == list(NAMES)
    for name in NAMES:
        assert (tmp_path / name).read_text() == (EXAMPLE / name).read_text(), f"deployer init has changed: {name}"


def test_every_default_that_is_shown_is_the_default(tmp_path: Path) -> None:
    write(tmp_path, "api")
    path = tmp_path / "deployer.yml"
    as_written = read(path)
    path.write_text(COMMENTED.sub(r"\1", path.read_text()))
    uncommented = read(path)
    assert uncommented.edge is not None
    assert uncommented.dns is not None
    assert uncommented.gate == GateValues()
    assert uncommented.model_copy(update={"edge": None, "dns": None, "gate": None}) == as_written
    assert (as_written.service, as_written.release.root, as_written.app.unit) == ("api", "/srv/api", "api")


def test_every_setting_is_shown_with_a_caption(tmp_path: Path) -> None:
    write(tmp_path)
    shown = set(re.findall(r"^#?( *\w+):", (tmp_path / "deployer.yml").read_text(), re.MULTILINE))
    for name, field in Settings.model_fields.items():
        assert name in shown
        inner = class_in(field.annotation)
        if inner is not None and name not in ("sites", "checks", "notices"):
            assert {f"  {field.alias or one}" for one, field in inner.model_fields.items()} <= shown
            assert all(captions(inner).values()), f"no caption in {inner.__name__}"
    assert all(captions(Settings).values())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "deployer.yml").write_text("mine\n")
    with pytest.raises(UsageError) as refused:
        write(tmp_path)
    assert f"already there: {tmp_path}/deployer.yml; nothing was written" in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["deployer.yml"]
    assert (tmp_path / "deployer.yml").read_text() == "mine\n"


def test_an_inventory_that_is_there_gets_no_hosts_of_ours(tmp_path: Path) -> None:
    (tmp_path / "production.ini").write_text("[web]\nweb1\n")
    assert write(tmp_path) == (tmp_path / "deployer.yml",)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deployer.yml", "production.ini"]


@pytest.mark.parametrize("service", ["", "my shop", "{{ x }}", "-shop", "a" * 64])
def test_a_service_has_a_plain_name(tmp_path: Path, service: str) -> None:
    with pytest.raises(UsageError, match="is not a name for a service"):
        write(tmp_path / "prod", service)
    assert not (tmp_path / "prod").exists()


def test_a_place_that_cannot_be_written_is_an_error_of_the_operator(tmp_path: Path) -> None:
    (tmp_path / "prod").write_text("a file")
    with pytest.raises(UsageError, match="cannot write"):
        write(tmp_path / "prod")
