"""The only door to ansible-runner: a playbook is a process of its own"""

from deployer.playbooks.orphans import settle
from deployer.playbooks.play import Play
from deployer.playbooks.request import Ansible, HostResult, Request, Result

__all__ = ["Ansible", "HostResult", "Play", "Request", "Result", "settle"]
