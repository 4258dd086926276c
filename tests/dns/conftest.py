"""Orders for the verbs"""

from __future__ import annotations

import pytest

from tests.traffic.parts import Ordered


@pytest.fixture
def ordered() -> Ordered:
    return Ordered()
