"""The starter's hosts.yml and group_vars/all.yml"""

from __future__ import annotations

HOSTS = """\
---
# Where the service lives: an ordinary Ansible inventory. deployer reads four groups of it, named in deployer.yml:
# the service's hosts, the balancers, and one group per site that holds the hosts and balancers of that site.
# The name of a host here is also the name of its server in HAProxy's backend.
all:
  children:
    web:
      hosts:
        web1: {ansible_host: 192.0.2.11}
        web2: {ansible_host: 192.0.2.12}
        web3: {ansible_host: 192.0.2.13}
        web4: {ansible_host: 192.0.2.14}
        web5: {ansible_host: 198.51.100.15}
        web6: {ansible_host: 198.51.100.16}
        web7: {ansible_host: 198.51.100.17}
        web8: {ansible_host: 198.51.100.18}
    lb:
      hosts:
        lb1: {ansible_host: 192.0.2.21}
        lb2: {ansible_host: 192.0.2.22}
        lb3: {ansible_host: 198.51.100.23}
        lb4: {ansible_host: 198.51.100.24}
    dc1:
      hosts: {web1: {}, web2: {}, web3: {}, web4: {}, lb1: {}, lb2: {}}
    dc2:
      hosts: {web5: {}, web6: {}, web7: {}, web8: {}, lb3: {}, lb4: {}}
# One host may differ from deployer.yml; a variable of the host overrides the setting:
#   hosts:        deployer_root, deployer_unit, deployer_control, deployer_port, deployer_address, deployer_health_file
#   balancers:    deployer_kind, deployer_socket, deployer_master_socket, deployer_maps, deployer_log
"""

CONNECTIONS = """\
---
# How every machine is reached. These are Ansible's own variables, and deployer honours them.
ansible_user: deploy
# ansible_port: 22
# ansible_ssh_private_key_file: ~/.ssh/id_ed25519
# ansible_ssh_common_args: -o ProxyJump=jump.example.com -o UserKnownHostsFile=~/.ssh/known_hosts_prod
ansible_become: true
# ansible_become_password: "{{ vault_become_password }}"    # with --vault-password-file
"""
