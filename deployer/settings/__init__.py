"""deployer.yml in, frozen settings out"""
