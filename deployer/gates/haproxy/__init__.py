"""What the balancers themselves count and log: the source that needs no other server"""
