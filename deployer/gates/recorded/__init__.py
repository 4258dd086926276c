"""Recorded data: sides from JSON, CSV or Prometheus range replies, and configs from files"""
