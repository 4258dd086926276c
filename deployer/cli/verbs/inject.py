"""Let a part of a release's requests fail or wait, for drills, with an end"""

from __future__ import annotations

import click

from deployer.cli import options, say
from deployer.cli.options import Ground

LONGEST = 3600.0
EXAMPLES = """\
deployer inject --release 1.2.0 --failing 2% --delay 300ms --for 5m -i inventories/prod
deployer inject --release 1.2.0 --failing 100% --testers -i inventories/prod
deployer inject --off -i inventories/prod
"""


@click.command("inject")
@click.option("--release", "version", default="", metavar="VERSION", help="Whose requests; the balancers must know it.")
@click.option("--failing", "--abort", default="0%", metavar="PERCENT", help="So many are answered 500.")
@click.option("--delay", type=options.Duration(), default=0.0, help="The others wait so long.")
@click.option("--for", "lasting", type=options.Duration(), default=300.0, help="Over after this; an hour at most. [5m]")
@click.option("--testers", is_flag=True, help="Only requests of testers.")
@click.option("--off", is_flag=True, help="End it now.")
@options.ground
@options.reason
@options.yes
def command(
    *,
    version: str,
    failing: str,
    delay: float,
    lasting: float,
    testers: bool,
    off: bool,
    ground: Ground,
    reason: str,
    yes: bool,
) -> int:
    """Let a part of a release's requests fail or wait: does the gate notice, do alarms ring, does anybody come?

    Ends by itself, with its run, by a resume, or by a reload of the balancer. HAProxy only, while a canary is known.
    """
    from deployer.cli.confirm import confirm
    from deployer.cli.freezing import refuse_frozen
    from deployer.cli.person import person
    from deployer.cli.workplace import workplace
    from deployer.events import Injected

    told = [] if off else _wanted(version, failing, delay, lasting)
    with workplace(ground) as work:
        if off:
            for line in work.traffic.calm():
                say.story(line)
            say.story("no faults are injected any more")
            return 0
        refuse_frozen(work.books, ground, "a drill")
        users = "testers" if testers else "users"
        what = f"{failing} of {version}'s requests fail, the others wait {delay:g} s, for {lasting:g} s, {users}"
        confirm(f"inject at {ground.name}: {what}", ground.name, yes=yes)
        until = work.world.clock.now() + lasting
        work.traffic.inject(version, told[0], told[1], until, testers=testers)
        run = work.books.unfinished()
        if run:
            work.books.journal.append(run, Injected(person(), what, until, reason), epoch=None)
        say.story(f"{what}; deployer inject --off ends it now")
    return 0


def _wanted(version: str, failing: str, delay: float, lasting: float) -> list[int]:
    """Hundredths of a percent that fail, and milliseconds of delay."""
    from deployer.errors import UsageError
    from deployer.settings.howmany import percent

    part = percent(failing)
    if not version:
        raise UsageError("whose requests?", where="--release", remedy="deployer inject --release 1.2.0 --failing 2%")
    if part is None:
        raise UsageError(f"{failing!r} is not a percentage such as 2%", where="--failing")
    if not part and not delay:
        raise UsageError("nothing would happen", remedy="--failing 2%, or --delay 300ms, or both")
    if lasting > LONGEST:
        raise UsageError(f"{lasting:g} s is longer than an hour", where="--for", remedy="--for 1h")
    return [part, round(delay * 1000)]
