"""The lab and what runs on it: real haproxy, nginx and sshd"""
