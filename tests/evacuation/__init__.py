"""Leaving a site"""
