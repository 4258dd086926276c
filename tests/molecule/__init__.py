"""The playbooks and roles by hand, without containers"""
