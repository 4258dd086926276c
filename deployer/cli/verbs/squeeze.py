"""Find out how much one host carries"""

from __future__ import annotations

import click

from deployer.cli import completing, options, say
from deployer.cli.options import Ground, Papers

EXAMPLES = """\
deployer squeeze dc1-web3 -i inventories/prod
deployer squeeze dc1-web3 --check -i inventories/prod
"""


@click.command("squeeze")
@click.argument("host", shell_complete=completing.hosts)
@options.ground
@options.reason
@options.check
@options.yes
@options.as_json
@options.papers
@options.verbose
def command(
    *,
    host: str,
    ground: Ground,
    reason: str,
    papers: Papers,
    verbose: int,
    check: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Send HOST more and more of its site's requests, until latency or errors are beyond `squeeze:` of deployer.yml.

    Its share is put back whatever happens: each balancer does that by itself when nobody comes back to it. What the
    host carried is written into the journal. Needs real load, and HAProxy.
    """
    from dataclasses import replace

    from deployer.cli.carrying import squeezed
    from deployer.cli.confirm import confirm
    from deployer.cli.freezing import refuse_frozen
    from deployer.cli.intent import Wishes, intent
    from deployer.cli.walking import Showing, begin
    from deployer.cli.workplace import workplace
    from deployer.errors import Refused, UsageError
    from deployer.model import Release, Undo
    from deployer.report.runbook import runbook
    from deployer.strategies import squeeze

    with workplace(ground) as work:
        work.books.refuse_while_held()
        refuse_frozen(work.books, ground, "a squeeze")
        picture = work.world.eyes.look()
        seen = picture.hosts.get(host)
        if seen is None:
            raise UsageError(f"no host {host!r}; known: {', '.join(picture.hosts)}", remedy="deployer status")
        if not seen.in_service:
            raise Refused(f"{host} is not in service on every balancer", remedy=f"deployer readmit {host}")
        wanted = intent(work.settings, work.estate, Release(seen.release or "unknown"), Wishes(strategy="squeeze"))
        plan = squeeze.plan(replace(wanted, undo=Undo.NONE), seen)
        say.story(runbook(plan, picture).rstrip())
        if check:
            say.story("\nchecked: nothing was changed")
            return 0
        confirm(f"send {host} at {ground.name} as much as it carries", ground.name, yes=yes)
        code = begin(work, plan, picture, reason or f"squeeze {host}", Showing(papers, as_json, verbose))
        squeezed(work)
        return code
