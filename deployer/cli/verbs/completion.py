"""Print what makes the shell complete verbs, options, runs, sites and hosts"""

from __future__ import annotations

import click

from deployer.cli import say

EXAMPLES = """\
deployer completion bash > ~/.local/share/bash-completion/completions/deployer
deployer completion zsh > ~/.zfunc/_deployer                 # a folder of $fpath
deployer completion fish > ~/.config/fish/completions/deployer.fish
"""


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print what makes SHELL complete verbs, options, runs, sites and hosts.

    Runs come from the journal, hosts and sites from the copy of the inventory that every command keeps: set
    DEPLOYER_INVENTORY, or type -i first.
    """
    from click.shell_completion import get_completion_class

    from deployer.cli.main import cli

    kind = get_completion_class(shell)
    assert kind  # noqa: S101 - click has these three
    say.result(kind(cli, {}, "deployer", "_DEPLOYER_COMPLETE").source().strip() + "\n")
