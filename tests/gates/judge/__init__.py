"""The judge, stage by stage"""
