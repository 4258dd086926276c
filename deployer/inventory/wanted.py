"""Which variables of the user's inventory we read, and which of them are secrets"""

from __future__ import annotations

OURS = "deployer_"

ADDRESS = ("ansible_host", "ansible_ssh_host")
PORT = ("ansible_port", "ansible_ssh_port")
USER = ("ansible_user", "ansible_ssh_user")
KEY_FILE = ("ansible_ssh_private_key_file", "ansible_private_key_file")
SSH_ARGS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
CONNECTION = ("ansible_connection",)
BECOME = ("ansible_become",)
BECOME_USER = ("ansible_become_user",)
BECOME_METHOD = ("ansible_become_method",)
PASSWORD = ("ansible_password", "ansible_ssh_password", "ansible_ssh_pass")
BECOME_PASSWORD = ("ansible_become_password", "ansible_become_pass", "ansible_sudo_pass")

SECRET = frozenset((*PASSWORD, *BECOME_PASSWORD))
WANTED = frozenset(
    (
        *ADDRESS,
        *PORT,
        *USER,
        *KEY_FILE,
        *SSH_ARGS,
        *CONNECTION,
        *BECOME,
        *BECOME_USER,
        *BECOME_METHOD,
        *PASSWORD,
        *BECOME_PASSWORD,
    )
)
OVERRIDES = (
    "deployer_root",
    "deployer_unit",
    "deployer_control",
    "deployer_port",
    "deployer_address",
    "deployer_health_file",
    "deployer_socket",
    "deployer_master_socket",
    "deployer_maps",
    "deployer_log",
    "deployer_kind",
    "deployer_state_file",
)
"""Host variables that override a setting for one machine. Roles may know more `deployer_` names than we do."""
