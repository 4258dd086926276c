"""Molecule's scenarios, from pytest"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", ["release", "roles"])
def test_scenario(scenario: str, tmp_path: Path) -> None:
    """Converged, converged again without a change, verified, and nothing left."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin",
        "MOLECULE_GLOB": "tests/molecule/*/molecule.yml",
        "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path / "scenario"),
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "NO_COLOR": "1",
    }
    command = [sys.executable, "-m", "molecule", "test", "--scenario-name", scenario]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
