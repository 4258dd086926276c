"""The playbooks, the host's program, and the door to ansible-runner"""
