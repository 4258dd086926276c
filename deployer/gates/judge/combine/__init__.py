"""Stage 4, combine: sites are strata, so that a difference between sites is not taken for one between releases"""
