"""The gates, one by one"""
