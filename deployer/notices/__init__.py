"""Notices: what people, dashboards and the alerting learn of a run while it goes on; none of them can hurt it"""
