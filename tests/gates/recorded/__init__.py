"""Data and configs from files"""
