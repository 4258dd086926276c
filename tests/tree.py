"""The README's tree, drawn from the modules' captions: `python -m tests.tree` writes it there, and the reference"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "deployer"


def caption(module: Path) -> str:
    """The first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def modules() -> Iterator[Path]:
    """Top-level modules and packages of deployer, in the order of a listing."""
    for path in sorted(PACKAGE.iterdir()):
        if path.suffix == ".py" and path.name not in ("__init__.py", "__main__.py"):
            yield path
        elif (path / "__init__.py").exists():
            yield path / "__init__.py"


def draw() -> str:
    lines = [
        f"{path.parent.name + '/' if path.name == '__init__.py' else path.name:<17}{caption(path)}"
        for path in modules()
    ]
    return "\n".join(("deployer/", *(f"  {line}" for line in lines)))


def write() -> None:
    """Put it between the fences of the README's last code block."""
    readme = ROOT / "README.md"
    before, fence, rest = readme.read_text(encoding="utf-8").rpartition("```\n")
    head, opening, _ = before.rpartition("```\n")
    readme.write_text(f"{head}{opening}{draw()}\n{fence}{rest}", encoding="utf-8")


if __name__ == "__main__":
    from tests import reference

    write()
    reference.write()
