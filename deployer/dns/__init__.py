"""DNS, the slow second path behind the edge: it follows, and never holds anything up"""
