"""What `make bench` measures: ratios of medians in one run, with their spread"""
