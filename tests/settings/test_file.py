"""What is read is what was written, with defaults and paths made absolute"""

from __future__ import annotations

from pathlib import Path

from deployer.settings.file import read

WRITTEN = """\
service: shop
hosts: web
sites: {dc1: {group: paris}, dc2: {group: rome}}
release: {artifact: "artifacts/shop-{version}.tar.gz", root: /srv/shop}
app: &app {control: /srv/shop/bin/shopctl, healthy_for: 500ms, start_timeout: 2m}
health_file: {path: /srv/shop/shared/health_check.html}
rolling: {wave: 2, min_in_service: 62.5%, drain_timeout: 45}
canary: {steps: [0.5, 10, 100], bake: 1h}
playbooks: {drain: own/drain.yml}
state: sqlite:///journal/shop.db
"""


def _read(tmp_path: Path, text: str = WRITTEN) -> Path:
    path = tmp_path / "deployer.yml"
    path.write_text(text)
    return path


def test_values_durations_and_numbers_of_hosts(tmp_path: Path) -> None:
    settings = read(_read(tmp_path))
    assert list(settings.sites) == ["dc1", "dc2"]
    assert (settings.app.healthy_for, settings.app.start_timeout, settings.rolling.drain_timeout) == (0.5, 120, 45)
    assert (settings.rolling.wave, settings.rolling.min_in_service) == (2, "62.5%")
    assert settings.canary.steps == (0.5, 10, 100)
    assert settings.pool == "shop"


def test_relative_paths_count_from_the_file(tmp_path: Path) -> None:
    settings = read(_read(tmp_path))
    assert settings.release.artifact == f"{tmp_path}/artifacts/shop-{{version}}.tar.gz"
    assert settings.playbooks.drain == f"{tmp_path}/own/drain.yml"
    assert settings.playbooks.deploy == ""
    assert settings.state == f"sqlite:///{tmp_path}/journal/shop.db"


def test_urls_stay_as_they_are(tmp_path: Path) -> None:
    text = WRITTEN.replace("artifacts/shop", "https://files.example.com/shop").replace(
        "sqlite:///journal", "postgresql://db"
    )
    settings = read(_read(tmp_path, text))
    assert settings.release.artifact == "https://files.example.com/shop-{version}.tar.gz"
    assert settings.state == "postgresql://db/shop.db"


def test_what_a_merge_key_brings_gives_way_and_is_no_duplicate(tmp_path: Path) -> None:
    written = WRITTEN.replace("{control: /srv/shop/bin/shopctl, ", "{<<: {port: 80, unit: shop}, port: 81, ")
    app = read(_read(tmp_path, written)).app
    assert (app.port, app.unit) == (81, "shop")
