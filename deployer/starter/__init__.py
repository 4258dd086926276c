"""What `deployer init` writes"""

from deployer.starter.write import write

__all__ = ["write"]
