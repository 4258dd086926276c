"""Stage 3, compare: by the kind of the metric, sites as strata"""
