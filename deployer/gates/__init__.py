"""Whether we may go on: each gate gives a verdict, none touches traffic"""
