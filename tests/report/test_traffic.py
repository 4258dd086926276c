"""Who gets which share, as `deployer traffic` shows it, and what it calls drift"""

from __future__ import annotations

import pytest

from deployer.model import Split
from deployer.report.traffic import Shown, drift, text

OLD, HALF = Split((("1.0.0", 10_000),)), Split((("1.0.0", 5_000), ("1.1.0", 5_000)))


def test_a_balancer_has_a_line_for_requests_and_one_for_users() -> None:
    seen = Shown("dc1", "lb1", HALF, (("1.0.0", 60), ("1.1.0", 40)), users=(("1.0.0", 900), ("1.1.0", 300)))
    quiet = Shown("dc1", "dc1-lb2", HALF)
    assert text((seen, quiet), ("lb1 has what it has not",)).splitlines() == [
        "dc1",
        "  lb1      set 1.0.0 50 %, 1.1.0 50 %; measured 1.0.0 60.00 %, 1.1.0 40.00 % of 100 requests",
        "           of about 1,200 users of the last minute 1.0.0 75.00 %, 1.1.0 25.00 %",
        "  dc1-lb2  set 1.0.0 50 %, 1.1.0 50 %; no requests measured",
        "drift  lb1 has what it has not",
    ]


@pytest.mark.parametrize(
    ("split", "wanted", "said"),
    [
        (HALF, HALF, ()),
        (OLD, HALF, ("lb1 has 1.0.0 100 %; the journal says 1.0.0 50 %, 1.1.0 50 %",)),
        (None, HALF, ("lb1 has no split; the journal says 1.0.0 50 %, 1.1.0 50 %",)),
        (None, OLD, ()),
    ],
    ids=("as it is to be", "another one", "maps emptied by hand", "one backend without maps"),
)
def test_drift_is_what_the_journal_does_not_say(split: Split | None, wanted: Split, said: tuple[str, ...]) -> None:
    assert drift((Shown("dc1", "lb1", split),), {"dc1": wanted}) == said
