"""Who receives requests"""
