"""Two data centres on this machine, with real parts"""
