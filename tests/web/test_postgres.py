"""The dashboard over PostgreSQL: a journal that others on other machines write"""

from __future__ import annotations

from pathlib import Path

from deployer.events import AbortAsked
from deployer.web.desk import desk
from deployer.web.watching import Watch
from tests.store.databases import postgres, postgres_url
from tests.web.ground import canary, dashboard, go_on, put_down

__all__ = ["postgres", "postgres_url"]
RUN = "20261128-030000-cccc"


def test_a_run_is_watched_and_its_address_is_on_no_page(place: Path, postgres_url: str) -> None:
    settings = place / "deployer.yml"
    settings.write_text(settings.read_text().replace("sqlite:///state.db", f'"{postgres_url}"'))
    put_down(place, RUN, canary(), held=True)
    with dashboard(place) as board:
        page = board.visitor().get("/").text
        assert "Under way" in page
        assert "postgres" not in page
    with desk(place, "prod") as one:
        watch = Watch(one, RUN)
        assert (watch.look(), watch.look()) == (True, False)
        go_on(place, RUN, AbortAsked("bob", "errors"))
        assert (watch.look(), watch.look()) == (True, False)
        assert any("bob asked to go back" in line for _, line in (watch.frame.log if watch.frame else ()))
