"""Out of a site, fast: without Ansible, YAML, or anything else that may be broken at night"""
