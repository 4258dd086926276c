"""In CI properties are tried with the same examples each time; everybody else's runs look for new ones"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
