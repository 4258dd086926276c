"""Load on a lab, in a process of its own, and a sampler beside it"""
