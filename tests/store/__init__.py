"""Stores: real databases, started and ended by the tests"""
