"""In CI properties are tried with the same examples each time; what deployer keeps on a machine is kept apart"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

if "DEPLOYER_STATE" not in os.environ:  # a worker of xdist has its parent's
    os.environ["DEPLOYER_STATE"] = tempfile.mkdtemp(prefix="deployer-state-")
    atexit.register(shutil.rmtree, os.environ["DEPLOYER_STATE"], ignore_errors=True)
