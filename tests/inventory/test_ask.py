"""Ansible itself is asked: groups, templates, vault, patterns, and every way an inventory can be broken"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deployer.errors import InventoryError
from deployer.inventory.ask import ask
from deployer.inventory.configuration import configuration, environment
from deployer.inventory.facts import Asking, without_secrets
from deployer.playbooks.environment import allowed
from tests.inventory.ground import HOSTS, files

SECRET = "geheim-4711"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No ansible.cfg of this machine takes part."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ANSIBLE_CONFIG", "ANSIBLE_INVENTORY_IGNORE_REGEX", "ANSIBLE_VAULT_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)


INLINE = """\
vault_become: !vault |
  $ANSIBLE_VAULT;1.1;AES256
  65663264643439353862646634393239313866323361383434623930353132373537616135323935
  6563626537386431376162633264333637373363313734330a356566623665333235653263336563
  65386335363635353635336330353634346164383866363236313638356538313963313163613439
  6338383666663662320a336362623062353664623539373966306138343665646234343334373661
  3066
ansible_become_password: "{{ vault_become }}"
"""
WHOLE_FILE = """\
$ANSIBLE_VAULT;1.1;AES256
32333966373938633363643566643864613938636564343835373332323463376364343762323830
3536646231396339316432653232373963323936333236630a313261316238373033613734323061
33366361373835333238333037643236363637663831616232336630666262396630386235386466
3566393134366531300a623137303538633736366463313634303034373731373866636334346437
37666332363738626132316662333432356131633330643537306333323936633336663732343364
6166646338346433316335663538393338363039386264383637
"""
"""Both hold SECRET, and open with the password `open sesame`."""


def test_groups_are_flat_and_our_own_file_makes_none(tmp_path: Path) -> None:
    nested = HOSTS + "    europe: {children: {paris: , rome: }}\n"
    found = ask(files(tmp_path, hosts=nested), Asking())
    assert found.groups["europe"] == ("lb1", "lb2", "web1", "web10", "web2", "web3")
    assert set(found.groups) == {"all", "ungrouped", "web", "lb", "paris", "rome", "europe"}
    assert found.hosts["web1"] == {"ansible_host": "127.1.0.1", "ansible_user": "deploy"}
    assert (found.living, found.secret, found.wrong) == (False, False, ())


def test_extra_vars_win_templates_are_resolved_by_ansible_and_what_cannot_be_is_named(tmp_path: Path) -> None:
    variables = "prefix: '10.1'\nansible_port: '{{ 2200 + 22 }}'\nansible_ssh_common_args: '-J {{ jump }}'\n"
    hosts = HOSTS.replace("127.1.0.1}", '"{{ prefix }}.0.1"}')
    asking = Asking(extra_vars=("ansible_user=root", "deployer_port=81"))
    found = ask(files(tmp_path, hosts=hosts, group_vars__web=variables), asking)
    assert (found.hosts["lb1"]["ansible_user"], str(found.hosts["web1"]["deployer_port"])) == ("root", "81")
    assert found.hosts["web1"]["ansible_host"] == "10.1.0.1"
    assert found.hosts["web1"]["ansible_port"] in (2222, "2222")
    assert "ansible_ssh_common_args" not in found.hosts["web1"]
    host, variable, why = found.wrong[0]
    assert (host, variable) == ("web1", "ansible_ssh_common_args")
    assert "'jump' is undefined" in why


def test_the_vault_opens_with_its_password_and_stays_shut_without(tmp_path: Path) -> None:
    inventory = files(tmp_path, group_vars__paris=INLINE)
    password = tmp_path / "vault-password"
    password.write_text("open sesame\n")
    opened = ask(inventory, Asking(vault_password_files=(password,)))
    assert opened.hosts["web1"]["ansible_become_password"] == SECRET
    assert SECRET not in repr(opened)
    shut = ask(inventory, Asking())
    assert "ansible_become_password" not in shut.hosts["web1"]
    assert (
        "web1",
        "ansible_become_password",
        "it cannot be decrypted or resolved (--vault-password-file FILE?)",
    ) in shut.wrong
    assert without_secrets(shut).wrong == ()
    assert opened.secret
    assert shut.secret


def test_a_vaulted_file_without_its_password_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(InventoryError) as refused:
        ask(files(tmp_path, group_vars__all=WHOLE_FILE), Asking())
    assert refused.value.remedy == "--vault-password-file FILE"


def test_a_limit_is_ansibles_own_pattern(tmp_path: Path) -> None:
    assert ask(files(tmp_path), Asking(), limit="web:&paris:!web10").limited == ("web1", "web2")
    with pytest.raises(InventoryError, match="--limit wbe:lb names no host, group or site"):
        ask(files(tmp_path), Asking(), limit="wbe:lb")


def test_broken_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    inventory = files(tmp_path, hosts=HOSTS + "    bad: [\n")
    with pytest.raises(InventoryError) as refused:
        ask(inventory, Asking())
    assert refused.value.where.startswith(f"{inventory}/hosts.yml:14:")
    assert "YAML" in refused.value.what


def test_a_script_that_fails_is_named_as_a_script(tmp_path: Path) -> None:
    script = tmp_path / "cloud"
    script.write_text("#!/bin/sh\nexit 3\n")
    script.chmod(0o755)
    with pytest.raises(InventoryError, match="Inventory script returned non-zero exit code 3") as refused:
        ask(script, Asking())
    assert refused.value.where == str(script)


def test_what_ansible_only_warns_of_is_told(tmp_path: Path) -> None:
    found = ask(files(tmp_path, more="all: [web9]\n"), Asking())
    assert found.warnings == ("Skipping 'all' as this is not a valid group definition",)


def test_a_directory_without_an_inventory_is_named_with_what_to_do(tmp_path: Path) -> None:
    inventory = files(tmp_path)
    (inventory / "certificates").mkdir()
    with pytest.raises(InventoryError) as refused:
        ask(inventory, Asking())
    assert refused.value.where == str(inventory / "certificates")
    assert "ignore_patterns" in refused.value.remedy
    (tmp_path / "ansible.cfg").write_text("[inventory]\nignore_patterns = ^certificates$\n")
    assert "web1" in ask(inventory, Asking()).hosts


def test_no_inventory_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InventoryError) as refused:
        ask(tmp_path / "prod", Asking())
    assert refused.value.remedy == f"deployer init {tmp_path}/prod"


def test_a_lookup_makes_the_answer_a_living_one(tmp_path: Path) -> None:
    variables = "ansible_user: \"{{ lookup('env', 'HOME') | basename }}\"\n"
    found = ask(files(tmp_path, group_vars__web=variables), Asking())
    assert found.living
    assert found.hosts["web1"]["ansible_user"] == "deploy" or found.hosts["web1"]["ansible_user"] == tmp_path.name


def test_ansible_cfg_gives_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "ansible.cfg").write_text("[defaults]\nremote_user = ops\n[privilege_escalation]\nbecome = true\n")
    found = ask(files(tmp_path), Asking())
    assert (found.defaults["ansible_user"], found.defaults["ansible_become"]) == ("ops", True)


def test_the_users_own_patterns_are_kept(tmp_path: Path) -> None:
    assert environment({"ANSIBLE_INVENTORY_IGNORE_REGEX": "^x$"})["ANSIBLE_INVENTORY_IGNORE_REGEX"].startswith("^x$,")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "ansible.cfg").write_text("[defaults]\ninventory_ignore_patterns=^y$\n")
    named = {"ANSIBLE_CONFIG": str(tmp_path / "own")}
    assert configuration(named) == tmp_path / "own" / "ansible.cfg"
    assert environment(named)["ANSIBLE_INVENTORY_IGNORE_REGEX"].startswith("^y$,")
    (tmp_path / "own" / "ansible.cfg").write_text("not an ini file\n")
    assert environment(named)["ANSIBLE_INVENTORY_IGNORE_REGEX"].startswith("^deployer")


@pytest.mark.parametrize("name", ["LC_ALL", "LANG"])
@pytest.mark.parametrize("locale", ["xx_XX.UTF-8", "C"])
def test_a_locale_that_is_not_installed_keeps_nobody_out(
    name: str, locale: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, locale)
    assert environment()["LC_ALL"] == "C.UTF-8"
    assert allowed(os.environ, tmp_path, 1)["LC_ALL"] == "C.UTF-8"
