"""A restart in waves, asked for by `restart` or by `deploy --same-release`"""

from __future__ import annotations

from dataclasses import replace

from deployer.cli import papers
from deployer.cli.by_hand import running
from deployer.cli.carrying import within
from deployer.cli.drawing import wishes, with_reason
from deployer.cli.freezing import terms
from deployer.cli.intent import intent
from deployer.cli.options import Acting, Asked, Ground, Override
from deployer.cli.proposing import Proposal, propose
from deployer.cli.workplace import workplace
from deployer.model import Release
from deployer.safety import prove
from deployer.strategies import restart as strategy


def restart(ground: Ground, limit: str, asked: Asked, acting: Acting, override: Override) -> int:
    """The exit code."""
    papers.check(acting.papers)
    with_reason(asked, acting.reason)
    with workplace(ground) as work:
        work.books.refuse_while_held()
        how = terms(work, override, check=acting.check)
        picture = work.world.eyes.look()
        wished = wishes(work, limit, replace(asked, strategy="restart"))
        release = Release(running(picture, tuple(picture.hosts)))
        wanted = within(work, intent(work.settings, work.estate, release, wished))
        plan = strategy.plan(wanted, picture.without(wanted.excluded))
        prove(plan, picture)
        question = f"restart {work.settings.service} at"
        why = acting.reason or " ".join(("restart", *(f"-e {one}" for one in ground.extra_vars)))
        proposal = Proposal(question, why, "no host that is meant is in service", acting, how)
        return propose(work, plan, picture, proposal)
