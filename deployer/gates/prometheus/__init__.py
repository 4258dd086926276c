"""Prometheus and what speaks like it (Thanos, Mimir, VictoriaMetrics): how to ask apart from what to ask"""
