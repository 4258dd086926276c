"""Judge a canary offline: files, a past verdict, or how often a gate would be wrong"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli import options, say
from deployer.errors import UsageError

if TYPE_CHECKING:
    from deployer.cli.judging import Asked
    from deployer.gates.judge.judgement import Judged

EXAMPLES = """\
deployer judge --baseline baseline.json --canary canary.json
deployer judge --baseline old.csv --canary new.csv --config gate.yml --json
deployer judge --replay 20261128:7 --set pass=90 --set metrics.cpu.muted=true -i inventories/prod
deployer judge --aa 1000 --baseline baseline.json --config gate.yml
deployer judge --import-kayenta canary-config.json > gate.yml
"""

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("judge")
@click.option("--baseline", type=FILE, help="What was measured on the old release: JSON, CSV or Prometheus' replies.")
@click.option("--canary", type=FILE, help="The same of the new release.")
@click.option(
    "--config", type=FILE, help="Metrics, weights and bars (YAML or JSON); default: the ready ones of the data."
)
@click.option("--import-kayenta", "kayenta", type=FILE, help="A canary config of Kayenta; alone: printed as ours.")
@click.option("--replay", metavar="RUN[:STEP]", help="Judge a verdict of this run again (the last one).")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change the config, such as pass=90.")
@click.option("--aa", type=click.IntRange(1, 100_000), help="So many trials of the baseline against itself.")
@click.option("--seed", type=int, default=1, help="With --aa: other numbers, other trials.")
@options.inventory
@options.as_json
def command(
    *,
    baseline: Path | None,
    canary: Path | None,
    config: Path | None,
    kayenta: Path | None,
    replay: str | None,
    settings: tuple[str, ...],
    aa: int | None,
    seed: int,
    inventory: Path | None,
    as_json: bool,
) -> int:
    """Judge recorded data; nothing is touched.

    Ends with 0 when the canary passes, 5 when it fails, 7 when it is inconclusive.
    """
    from deployer.cli.judging import Asked, of_files

    asked = Asked(baseline, canary, config, kayenta, settings)
    if aa is not None:
        return _trials(asked, aa, seed, as_json=as_json)
    if replay is not None:
        return _replay(inventory, replay, settings, as_json=as_json)
    if kayenta and not (baseline or canary):
        return _imported(kayenta, settings)
    return _told(of_files(asked), as_json=as_json)


def _told(judged: Judged, *, as_json: bool) -> int:
    from deployer.report.json import dumps
    from deployer.report.judged import exit_code, judged_text, judgement_json

    say.result(dumps(judgement_json(judged.judgement)) if as_json else judged_text(judged))
    return exit_code(judged.judgement.verdict)


def _replay(inventory: Path | None, named: str, settings: tuple[str, ...], *, as_json: bool) -> int:
    from deployer.cli.judging import of_past
    from deployer.gates.spoken import summary

    before, again = of_past(options.Ground(options.found(inventory)), named, settings)
    say.story(f"it was  {summary(before.judgement)}")
    return _told(again, as_json=as_json)


def _imported(kayenta: Path, settings: tuple[str, ...]) -> int:
    from deployer.cli.judging import of_kayenta
    from deployer.gates import written

    say.result(written.text(written.changed(of_kayenta(kayenta), settings)))
    return 0


def _trials(asked: Asked, number: int, seed: int, *, as_json: bool) -> int:
    from deployer.cli.judging import config_of
    from deployer.gates.judge.budget import Budget
    from deployer.gates.recorded.read import read
    from deployer.gates.trials import trials
    from deployer.report.json import dumps
    from deployer.report.judged import trials_json, trials_text

    if asked.baseline is None:
        raise UsageError(
            "recorded data are needed", where="--baseline", remedy=f"deployer judge --aa {number} --baseline FILE"
        )
    recorded = read(asked.baseline)
    config = config_of(asked, (recorded,))
    done = trials(config, recorded.sides, Budget.once(1 - config.confidence), number, seed)
    say.result(dumps(trials_json(done)) if as_json else trials_text(done))
    return 0
