"""What the operator types: reads settings, looks, draws, shows, runs, reports"""
