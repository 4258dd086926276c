"""Mirrors deployer/traffic"""
