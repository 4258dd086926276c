"""Strategies are pure functions: intent and picture in, plan out"""
