"""What the balancers' templates write, whoever asks"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployer.shipped import rendered
from tests.traffic.test_nginx_render import rendered as to_be_added

NEEDED: dict[str, object] = {
    "balancer_pool": "shop",
    "balancer_bind": ["127.0.0.1:8080"],
    "balancer_servers": [{"name": "web1", "address": "127.0.0.1", "port": 8081}],
}


@pytest.mark.parametrize("secure", [False, True], ids=("plain", "with TLS"))
@pytest.mark.parametrize("sticky", ["bucket", "first-seen"])
@pytest.mark.parametrize("template", ["haproxy.cfg.j2", "nginx_balancer.conf.j2"])
def test_no_script_and_no_other_site_gets_a_cookie(template: str, sticky: str, secure: bool) -> None:
    text = rendered(template, {**NEEDED, "balancer_sticky": sticky, "balancer_secure": secure})
    given = re.findall(r'"(dp_(?:release|bucket)=[^"]*; [^"]*)"', text)
    assert {one.partition("=")[0] for one in given} == {"dp_release", "dp_bucket"}
    for one in given:
        said = set(one.split("; ")[1:])
        assert said >= {"Path=/", "HttpOnly", "SameSite=Lax"}
        assert ("Secure" in said) is secure


def test_rules_of_yours_after_ours_are_asked_too(tmp_path: Path) -> None:
    """`allow` ends the rules of a frontend: only in one that has no others."""
    assert "http-request allow" in rendered("haproxy.cfg.j2", NEEDED)
    assert not [block.where for block in to_be_added(tmp_path, "haproxy") if " allow" in block.text]
