"""Mirrors deployer/ssh"""
