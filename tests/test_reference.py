"""What is written from the code is as the code is, and the index of the documents names them all"""

from __future__ import annotations

import pytest

from tests import reference
from tests.tree import ROOT


@pytest.mark.parametrize("name", reference.pages())
def test_the_reference_is_as_the_code_is(name: str) -> None:
    there = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert there == reference.pages()[name], "python -m tests.reference writes it"


def test_every_page_is_in_the_index() -> None:
    docs = ROOT / "docs"
    index = (docs / "README.md").read_text(encoding="utf-8")
    missing = [page.name for page in docs.glob("*.md") if page.name != "README.md" and f"({page.name})" not in index]
    assert not missing, "docs/README.md is the index of docs"
