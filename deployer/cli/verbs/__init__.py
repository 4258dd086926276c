"""One file per verb: its caption is its help, its `command` is what runs"""
