"""Release software on your own servers without downtime"""
