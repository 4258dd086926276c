"""The layout tells the story: captions, the README's tree, one door per foreign library, and cheap start-up"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tree import PACKAGE, ROOT, caption, draw

MODULES = sorted(PACKAGE.rglob("*.py"))
DOORS = {
    "ansible_runner": ("deployer/playbooks/",),
    "paramiko": ("deployer/ssh/", "deployer/doctor", "deployer/inventory/"),
    "fabric": ("deployer/ssh/",),
    "psycopg": ("deployer/store/",),
    "sqlite3": ("deployer/store/",),
    "dns": ("deployer/dns/rfc2136",),
    "boto3": ("deployer/dns/route53",),
    "botocore": ("deployer/dns/route53",),
    "requests": ("deployer/probe", "deployer/artifact", "deployer/gates/", "deployer/lab/", "deployer/notices/post"),
    "prometheus_client": ("deployer/metrics",),
    "smtplib": ("deployer/notices/mail",),
    "rich": ("deployer/report/", "deployer/cli/", "deployer/lab/"),
    "click": ("deployer/cli/",),
    "numpy": ("deployer/gates/judge/", "deployer/gates/trials"),
    "starlette": ("deployer/web/",),
    "uvicorn": ("deployer/web/",),
    "scipy": ("deployer/gates/judge/", "deployer/gates/trials"),
}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_module_has_a_caption_of_one_line(module: Path) -> None:
    assert 0 < len(caption(module)) <= 120


def test_the_readme_shows_the_tree_as_it_is() -> None:
    assert draw() in (ROOT / "README.md").read_text(encoding="utf-8"), "python -m tests.tree writes it"


@pytest.mark.parametrize("library", DOORS)
def test_a_foreign_library_has_one_door(library: str) -> None:
    users = {str(path.relative_to(ROOT)) for path in MODULES if library in _imports(path)}
    assert not {user for user in users if not user.startswith(DOORS[library])}


@pytest.mark.parametrize(
    ("command", "unwanted"),
    [
        (
            "--help",
            (
                "ansible",
                "ansible_runner",
                "paramiko",
                "scipy",
                "numpy",
                "pydantic",
                "rich",
                "requests",
                "psycopg",
                "jinja2",
            ),
        ),
        (
            "evacuate --help",
            (
                "ansible",
                "ansible_runner",
                "fabric",
                "invoke",
                "pydantic",
                "yaml",
                "jinja2",
                "rich",
                "requests",
                "numpy",
            ),
        ),
        ("status", ("ansible", "ansible_runner", "paramiko", "scipy", "numpy", "requests", "psycopg", "jinja2")),
    ],
)
def test_start_up_leaves_heavy_libraries_alone(command: str, unwanted: tuple[str, ...], tmp_path: Path) -> None:
    program = (
        "import sys\nfrom deployer.cli.main import main\nsys.argv = ['deployer', *sys.argv[1:]]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        f"print('loaded:', *sorted(loaded.intersection({unwanted!r})), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command.split()],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
    )
    assert done.stderr.splitlines()[-1].strip() == "loaded:", done.stderr


def test_each_file_of_tests_has_loopback_networks_of_its_own() -> None:
    """Files run beside each other: a server of one would answer the other."""
    owners: dict[str, set[str]] = {}
    for path in ROOT.glob("tests/**/test_*.py"):
        for network in re.findall(r"127\.9\.\d+", path.read_text(encoding="utf-8")):
            owners.setdefault(network, set()).add(path.name)
    assert {network: names for network, names in owners.items() if len(names) > 1} == {}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found
