"""What was written is what is read, and what does not fit is named by its path"""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import process_time
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from deployer.codec import decode, encode
from deployer.errors import UsageError
from deployer.events import Begun, Done, Event, Failed, Planned
from deployer.model import HostSeen, Picture, Release, Split, Standing, Undo, View
from deployer.steps import Drain, Step
from deployer.world import HostOutcome, Outcome
from tests.store import samples

FAST = settings(
    max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate,), database=None
)

some.register_type_strategy(
    Mapping, lambda kind: some.dictionaries(some.text(max_size=8), some.from_type(get_args(kind)[1]), max_size=3)
)
some.register_type_strategy(float, some.floats(allow_nan=False))
some.register_type_strategy(
    Release,
    some.builds(
        Release,
        version=some.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", fullmatch=True),
        artifact=some.text(),
        irreversible=some.booleans(),
    ),
)
some.register_type_strategy(
    Split, some.integers(0, 10_000).map(lambda share: Split((("1.0.0", share), ("1.1.0", 10_000 - share))))
)


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.__name__)
def test_every_event_comes_back_as_it_was(kind: type[Event]) -> None:
    @FAST
    @given(some.from_type(kind))
    def comes_back(event: Event) -> None:
        text = encode(event)
        back = decode(kind, text)
        assert back == event
        assert repr(back) == repr(event), "also the types are the same"
        assert text.isascii()
        assert "\n" not in text

    comes_back()


def test_a_union_is_tagged_with_its_class() -> None:
    step = Drain("dc1", ("web1",))
    text = encode(step, Step)
    assert json.loads(text) == {"Drain": {"site": "dc1", "hosts": ["web1"]}}
    assert decode(Step, text) == step


@pytest.mark.parametrize(
    "odd", ["caf\u00e9 \U0001f600", "\udcff from an undecodable file name", "NUL \0 inside", '"quoted"\r\n\u2028']
)
def test_any_text_survives(odd: str) -> None:
    outcome = Outcome(odd, (HostOutcome("web1", note=odd),))
    assert decode(Outcome, encode(outcome)) == outcome


@pytest.mark.parametrize("seconds", [0.1 + 0.2, 1e300, 5e-324, float("inf"), float("-inf"), 3])
def test_any_number_survives(seconds: float) -> None:
    assert decode(HostOutcome, encode(HostOutcome("web1", seconds=seconds))).seconds == seconds


def test_fields_added_later_take_their_defaults_in_older_records() -> None:
    assert decode(HostSeen, '{"host":"web1","site":"dc1"}') == HostSeen("web1", "dc1")


@pytest.mark.parametrize(
    ("kind", "text", "what"),
    [
        (Step, '{"Teleport":{"hosts":[]}}', "unknown kind 'Teleport', known are Fetch, Drain, Deploy"),
        (Drain, '{"site":"dc1","hosts":[],"gently":true}', "no field 'gently', known are site, hosts"),
        (Drain, '{"site":"dc1"}', "Drain lacks hosts"),
        (Drain, '{"site":"dc1","hosts":["web1",2]}', "hosts[1]: 2 is not str"),
        (Drain, '{"site":"dc1","hosts":"web1"}', "hosts: 'web1' is not a list"),
        (View, '{"balancer":"lb1","standing":"sideways"}', "standing: 'sideways' is not a Standing: 'up', 'out'"),
        (View, '{"balancer":"lb1","standing":["up"]}', "standing: ['up'] is not a Standing"),
        (HostSeen, '{"host":"web1","site":"dc1","healthy":1}', "healthy: 1 is not bool"),
        (Begun, '{"line":true,"number":1}', "line: True is not int"),
        (Begun, '{"line":1.0,"number":1}', "line: 1.0 is not int"),
        (Split, '{"shares":[["1.0.0",9000]]}', "do not sum to 100 %"),
        (Split, '{"shares":[["1.0.0"]]}', "shares[0]: ['1.0.0'] is not a list of 2"),
        (Picture, '{"hosts":{"web1":{"host":"web1"}}}', "hosts[web1]: HostSeen lacks site"),
        (Planned, '{"owner":"ann","plan":{"intent":{"service":3}}}', "plan.intent.service: 3 is not str"),
        (Release, '{"version":"{{ evil }}"}', "is not a version"),
        (Release, "[]", "[] is not a Release"),
        (Release, '{"version":"1', "not JSON"),
    ],
)
def test_what_does_not_fit_is_named(kind: Any, text: str, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        decode(kind, text)
    assert what in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (Failed(0, 1, None), "what: None is not str"),  # type: ignore[arg-type]
        (Drain("dc1", ["web1"]), "hosts: ['web1'] is not a tuple"),  # type: ignore[arg-type]
        (View("lb1", "up"), "standing: 'up' is not Standing"),  # type: ignore[arg-type]
        (Done(0, 1, Outcome(verdict=Undo.ALL)), "outcome.verdict: <Undo.ALL: 'all'> is not Verdict"),  # type: ignore[arg-type]
    ],
)
def test_what_could_not_be_read_back_is_not_written(value: object, what: str) -> None:
    with pytest.raises(UsageError, match=r".") as caught:
        encode(value)
    assert what in str(caught.value)


def test_standing_is_written_in_the_operators_words() -> None:
    assert encode(View("lb1", Standing.OUT)) == '{"balancer":"lb1","standing":"out","slot":""}'


def test_a_picture_of_a_thousand_hosts_is_quick() -> None:
    """20 ms on a quiet machine; the bound here only guards against another order of magnitude."""
    picture = samples.picture(1000)
    encode(picture)
    started = process_time()
    text = encode(picture)
    assert process_time() - started < 0.2
    assert decode(Picture, text) == picture
