"""The only door to paramiko: kept connections to machines by their name"""

from deployer.ssh.answer import Answer, StrangeKey
from deployer.ssh.kept import Ssh

__all__ = ["Answer", "Ssh", "StrangeKey"]
