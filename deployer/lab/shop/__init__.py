"""The shop: the small HTTP service the lab releases"""
