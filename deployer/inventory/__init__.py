"""The user's Ansible inventory in, the service's machines out"""
