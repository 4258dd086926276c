"""Load on a lab: an open-loop generator and a sampler of its balancers, in their own process"""
