"""Mirrors deployer/gates/prometheus"""
