"""Mirrors deployer/gates/haproxy"""
