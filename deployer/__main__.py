"""`python -m deployer` is the command `deployer`"""

from deployer.cli.main import main

main()
