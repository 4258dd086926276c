"""Ansible's connection variables say how a machine is reached"""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.inventory.facts import Facts, Value
from deployer.inventory.logins import login
from deployer.machines import Login


def _login(defaults: dict[str, Value] | None = None, /, **own: Value) -> Login:
    return login(Facts(hosts={"web1": own}, groups={}, defaults=defaults or {}), "web1")


def test_a_bare_name_is_its_own_address() -> None:
    assert _login() == Login("web1")


def test_the_old_names_of_variables_still_count() -> None:
    found = _login(
        ansible_ssh_host="10.0.0.1", ansible_ssh_port="2222", ansible_ssh_user="ops", ansible_ssh_pass="geheim"
    )
    assert found == Login("10.0.0.1", 2222, "ops", password="geheim")


def test_become() -> None:
    found = _login(ansible_become="yes", ansible_become_user="shop", ansible_become_pass="geheim")
    assert (found.become, found.become_user, found.become_password) == (True, "shop", "geheim")
    assert _login(ansible_become=False).become is False
    assert (
        _login(ansible_become_method="ansible.builtin.sudo", ansible_connection="ansible.builtin.ssh").become is False
    )


def test_ansible_cfg_fills_in_what_the_inventory_leaves_open() -> None:
    defaults: dict[str, Value] = {"ansible_user": "ops", "ansible_become": True, "ansible_ssh_private_key_file": "/k"}
    assert _login(defaults, ansible_user="deploy") == Login("web1", user="deploy", key_files=("/k",), become=True)


def test_keys_and_known_hosts_of_ssh_arguments() -> None:
    arguments = "-o UserKnownHostsFile='/a /b' -oStrictHostKeyChecking=yes -i /keys/id -l ops -p 2222"
    assert _login(ansible_ssh_common_args=arguments) == Login("web1", 2222, "ops", ("/keys/id",), ("/a", "/b"))


def test_what_is_said_first_counts() -> None:
    first, then = "-o UserKnownHostsFile=/first", "-o UserKnownHostsFile=/then"
    assert _login(ansible_ssh_extra_args=then, ansible_ssh_common_args=first).known_hosts == ("/first",)


def test_paths_are_made_absolute() -> None:
    found = _login(ansible_ssh_private_key_file="~/.ssh/id", ansible_ssh_common_args="-o UserKnownHostsFile=kh")
    assert found.key_files == (str(Path.home() / ".ssh/id"),)
    assert found.known_hosts == (str(Path.cwd() / "kh"),)


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ("-J ops@jump", "ssh -W '[web1]:22' ops@jump"),
        ("-o ProxyJump=jump:2222", "ssh -p 2222 -W '[web1]:22' jump"),
        ("-o ProxyJump=a,b", "ssh -J a -W '[web1]:22' b"),
        ("-o UserKnownHostsFile=/kh -o ProxyJump=jump", "ssh -o UserKnownHostsFile=/kh -W '[web1]:22' jump"),
        ('-o ProxyCommand="ssh -W %h:%p jump"', "ssh -W web1:22 jump"),
        ("-o ProxyJump=none", ""),
        ("-o ProxyCommand=none", ""),
        ("", ""),
    ],
)
def test_jump_hosts(arguments: str, command: str) -> None:
    assert _login(ansible_ssh_common_args=arguments).proxy_command == command


def test_secrets_never_show() -> None:
    assert "geheim" not in repr(_login(ansible_password="geheim", ansible_become_password="geheim"))
