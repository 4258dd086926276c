"""What follows once the edge has moved users: DNS and the sites' hooks, beside each other, holding nothing up"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from deployer import hooks as site_hooks
from deployer.hooks import Facts, Hooks
from deployer.model import Split
from deployer.traffic.behind import Behind

A_MOMENT = 2.0
"""Seconds for DNS to say at once that it is done."""


class Aftermath:
    """`dns` is what follows the edge, `hooks` what else moves; each may be missing."""

    def __init__(self, dns: Behind | None, hooks: Hooks) -> None:
        self.dns, self.hooks = dns, hooks
        self._playing: Thread | None = None
        self._called: tuple[site_hooks.Call, ...] = ()
        self._ended: dict[site_hooks.Call, str] = {}

    def begin(self, before: Split | None, after: Split, run: str) -> None:
        """The edge has moved from one to the other (None: not known); what follows starts."""
        if self.dns:
            self.dns.begin(after)
        self._called, self._ended = site_hooks.calls(self.hooks, before, after), {}
        if self._called:
            self._playing = Thread(target=self._play, args=(run,), name="hooks", daemon=True)
            self._playing.start()

    def wait(self, for_dns: float, tell: Callable[[str], None]) -> tuple[str, ...]:
        """Sentences on all of it, when it has ended or DNS had so long; then `missing` says what is not done."""
        if self._called and self._playing:
            tell(f"waiting for {', '.join(map(str, self._called))}")
            self._playing.join()
        if self.dns:
            self.dns.wait(for_dns, tell)
        return (*(_told(call, wrong) for call, wrong in self._ended.items()), *self._dns_note())

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not done: hooks that failed, servers that lag."""
        failed = (_told(call, wrong) for call, wrong in self._ended.items() if wrong)
        return (*failed, *(self._dns_note() if self.dns and self.dns.pending else ()))

    def _dns_note(self) -> tuple[str, ...]:
        return (self.dns.note,) if self.dns and self.dns.note else ()

    def _play(self, run: str) -> None:
        self._ended = dict(site_hooks.play(self.hooks, self._called, Facts(run)))


def _told(call: site_hooks.Call, wrong: str) -> str:
    return f"{call} failed: {wrong}" if wrong else f"{call} done"
