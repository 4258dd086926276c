"""The tier in front of the sites: one node of either kind, asked and told in the same words"""
