"""What the shell may offer for a word: runs, sites, hosts, versions; at once, and in silence where nothing is known"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from deployer.evacuation.card import Card

Completer = Callable[[click.Context, click.Parameter, str], list["CompletionItem"]]
_RUNS = 30


def _quiet(names: Callable[[Path], Iterable[tuple[str, str]]]) -> Completer:
    """A completer of `names`, each with a word about it; whatever goes wrong, a shell is not the place to say so."""

    @wraps(names)
    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's signature
        from click.shell_completion import CompletionItem

        from deployer.cli.options import found

        try:
            known = [*names(found(ctx.params.get("inventory")))]
        except Exception:  # noqa: BLE001 - see above
            return []
        return [CompletionItem(name, help=about) for name, about in known if name.startswith(incomplete)]

    return complete


@_quiet
def runs(inventory: Path) -> Iterator[tuple[str, str]]:
    """The last ones, from the journal."""
    from deployer.cli.books import books
    from deployer.cli.options import Ground

    with books(Ground(inventory)) as book:
        for head in book.journal.runs(_RUNS):
            yield head.run, head.end.value if head.end else "not ended"


@_quiet
def sites(inventory: Path) -> Iterator[tuple[str, str]]:
    """From the copy that every command keeps: Ansible is not asked."""
    return ((site, "") for site in _card(inventory).sites)


@_quiet
def hosts(inventory: Path) -> Iterator[tuple[str, str]]:
    return iter(_card(inventory).hosts)


@_quiet
def versions(inventory: Path) -> Iterator[tuple[str, str]]:
    """Where artifacts are files of this machine."""
    import yaml

    from deployer.settings.place import settings_file

    pattern = Path(yaml.safe_load(settings_file(inventory).read_text())["release"]["artifact"])
    before, _, after = pattern.name.partition("{version}")
    for path in sorted(pattern.parent.glob(f"{before}*{after}")):
        yield path.name.removeprefix(before).removesuffix(after), ""


@_quiet
def strategies(_: Path) -> Iterator[tuple[str, str]]:
    yield from (("rolling", "host by host"), ("canary", "a few users first"), ("bluegreen", "all at once"))


def _card(inventory: Path) -> Card:
    from deployer.evacuation.card import load

    card = load(inventory)
    if card is None:
        raise LookupError(inventory)
    return card
