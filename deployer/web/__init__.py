"""The dashboard: it reads the journal, and acts only by starting the same command line"""
