"""The judge: is the canary worse than the baseline? Arithmetic only: no input, no output, no clock, no chance"""
