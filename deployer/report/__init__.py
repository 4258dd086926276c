"""What is shown: every page and line is a reading of the plan and the journal's records"""
