"""The Korean main page tells the same commands, settings and links as README.md"""

from __future__ import annotations

import re

from tests.tree import ROOT

_TREE = re.compile(r"^```\ndeployer/\n.*?^```", re.MULTILINE | re.DOTALL)


def test_every_command_and_setting_is_in_both() -> None:
    ours, theirs = (_typed(name) for name in ("README.md", "README.ko.md"))
    assert not ours - theirs, "README.ko.md lacks these"
    assert not theirs - ours, "README.md lacks these"


def test_both_lead_to_the_same_pages() -> None:
    ours, theirs = (_links(name) for name in ("README.md", "README.ko.md"))
    assert ours - {"README.ko.md"} == theirs - {"README.md", "README.md#how-it-keeps-its-promises"}


def _typed(name: str) -> set[str]:
    """Lines of shell without their comments, and everything in code."""
    text = _TREE.sub("", (ROOT / name).read_text(encoding="utf-8"))
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = {line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()}
    return lines | set(re.findall(r"`([^`\n]+)`", text))


def _links(name: str) -> set[str]:
    return set(re.findall(r"\]\(([^)\s]+)\)", (ROOT / name).read_text(encoding="utf-8")))
