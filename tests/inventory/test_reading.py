"""From a path to the machines; Ansible is asked once, until something changes"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deployer.errors import InventoryError
from deployer.inventory.facts import Asking
from deployer.inventory.limit import chosen
from deployer.inventory.reading import estate, only
from deployer.settings.file import read
from deployer.settings.place import settings_file
from tests.inventory.ground import HOSTS, facts, files, settings

EXAMPLE = Path(__file__).parents[2] / "inventories" / "example"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("ANSIBLE_CONFIG", raising=False)


def test_the_second_reading_asks_no_ansible_and_a_change_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inventory, own = files(tmp_path), settings(tmp_path)
    first = estate(inventory, own)
    with monkeypatch.context() as without:
        without.setattr(sys, "executable", "/nonexistent/python")
        assert estate(inventory, own) == first
        assert only(inventory, own, "dc1") == ("web1", "web2", "web10")
        (inventory / "hosts.yml").write_text(HOSTS.replace("127.1.0.2}", "127.1.0.22}"))
        with pytest.raises(FileNotFoundError):
            estate(inventory, own)
    assert estate(inventory, own).by_name["web2"].address == "127.1.0.22"


def test_passwords_are_asked_for_anew_where_they_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inventory = files(tmp_path, group_vars__all="ansible_become_password: geheim\n")
    own = settings(tmp_path)
    assert estate(inventory, own).by_name["web1"].login.become_password == "geheim"
    assert estate(inventory, own).by_name["web1"].login.become_password == "geheim"
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    assert estate(inventory, own, secrets=False).by_name["web1"].login.become_password == ""


def test_the_example_loads_as_it_is_shipped(tmp_path: Path) -> None:
    own = read(settings_file(EXAMPLE)).model_copy(update={"state": f"sqlite:///{tmp_path}/shop.db"})
    found = estate(EXAMPLE, own)
    assert {site: len(found.hosts_at(site)) for site in found.sites} == {"dc1": 4, "dc2": 4}
    assert {site: len(found.balancers_at(site)) for site in found.sites} == {"dc1": 2, "dc2": 2}
    assert all(login.become and login.user == "deploy" for _, login in found.logins())


@pytest.mark.parametrize(
    ("pattern", "hosts"),
    [
        ("web2", ("web2",)),
        ("dc2", ("web3",)),
        ("rome,web1", ("web1", "web3")),
        ("dc1:dc2", ("web1", "web2", "web10", "web3")),
        ("paris", ("web1", "web2", "web10")),
    ],
)
def test_plain_names_need_no_ansible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, hosts: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    assert set(chosen(tmp_path, facts(), settings(tmp_path), pattern, Asking())) == set(hosts)


def test_patterns_mean_what_they_mean_in_ansible_and_sites_are_known(tmp_path: Path) -> None:
    assert chosen(files(tmp_path), facts(), settings(tmp_path), "dc1:!web10", Asking()) == ("web1", "web2")


def test_a_limit_that_means_nothing_is_an_error(tmp_path: Path) -> None:
    own = settings(tmp_path)
    with pytest.raises(InventoryError, match=r"--limit dc3: no site, group or host has this name; did you mean dc2\?"):
        chosen(tmp_path, facts(), own, "dc3", Asking())
    with pytest.raises(InventoryError) as refused:
        chosen(tmp_path, facts(), own, "lb", Asking())
    assert "--limit lb leaves no host of web" in refused.value.what
    assert "dc1, dc2" in refused.value.remedy


def test_neither_ansible_nor_paramiko_is_imported(tmp_path: Path) -> None:
    inventory = files(tmp_path)
    code = (
        "import sys; from pathlib import Path; from deployer.inventory.facts import Asking;"
        "from deployer.inventory.ask import ask;"
        f"ask(Path({str(inventory)!r}), Asking());"
        "print([name for name in ('ansible', 'ansible_runner', 'paramiko', 'fabric') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
