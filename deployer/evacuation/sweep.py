"""All edge nodes at once: none waits for another, and one that does not answer is tried again while there is time"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Condition, Thread
from time import monotonic

from deployer.edge.node import Node
from deployer.edge.seen import Seen
from deployer.errors import DeployerError, StepFailed, Unreachable
from deployer.fence import Moved
from deployer.ssh import StrangeKey

RETRY = 0.5
OTHERS = 1.0
"""How long the first node that answered waits for the others, before it is acted upon without them. Seconds."""


@dataclass(frozen=True, slots=True)
class Emptied:
    """A node that was changed: before, and as it was read back after."""

    before: Seen
    after: Seen


Act = Callable[[Node, Seen], Seen]


@dataclass(slots=True)
class Sweep:
    """Looks at once; acts when told to."""

    nodes: Sequence[Node]
    _seen: dict[str, Seen | DeployerError] = field(default_factory=dict)
    _ended: dict[str, Emptied | DeployerError] = field(default_factory=dict)
    _act: Act | None = None
    _over: bool = False
    _changed: Condition = field(default_factory=Condition)

    def start(self) -> None:
        for node in self.nodes:
            Thread(target=self._work, args=(node,), name=f"edge {node.edge.name}", daemon=True).start()

    def looked(self, patience: float) -> Mapping[str, Seen | DeployerError]:
        """Every node that has answered, or failed to, once the others had a fair chance."""
        end = monotonic() + patience
        with self._changed:
            while len(self._seen) < len(self.nodes) and (left := end - monotonic()) > 0:
                self._changed.wait(left)
                if any(isinstance(one, Seen) for one in self._seen.values()):
                    end = min(end, monotonic() + OTHERS)
            return dict(self._seen)

    def go(self, act: Act) -> None:
        with self._changed:
            self._act = act
            self._changed.notify_all()

    def stop(self) -> None:
        """What has not acted yet never will."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def ended(self, patience: float) -> Iterator[tuple[str, Emptied | DeployerError]]:
        """Each node as it ends; those that did not in time come last, with what they failed with."""
        end, told = monotonic() + patience, set[str]()
        while len(told) < len(self.nodes):
            with self._changed:
                self._changed.wait_for(partial(self._more, len(told)), max(0.0, end - monotonic()))
                new = {name: one for name, one in self._ended.items() if name not in told}
            if not new:
                break
            told |= new.keys()
            yield from new.items()
        self.stop()
        for node in self.nodes:
            if node.edge.name not in told:
                yield node.edge.name, self._why(node.edge.name)

    def _more(self, told: int) -> bool:
        return len(self._ended) > told

    def _why(self, name: str) -> DeployerError:
        found = self._seen.get(name)
        return found if isinstance(found, DeployerError) else Unreachable("does not answer", where=name)

    def _work(self, node: Node) -> None:
        while not self._over:
            try:
                seen = node.look()
                self._note(node, seen)
                act = self._permission()
                if act is not None:
                    self._end(node, Emptied(seen, act(node, seen)))
                    return
            except Moved:
                continue
            except StrangeKey as wrong:
                self._note(node, wrong)
                self._end(node, wrong)
                return
            except Unreachable as gone:
                self._note(node, gone)
            except DeployerError as wrong:
                self._note(node, wrong)
                if self._act is not None:
                    self._end(node, wrong)
                    return
            except Exception as bug:  # noqa: BLE001 - a thread that dies silently would be waited for
                self._end(node, StepFailed(f"{type(bug).__name__}: {bug}", where=node.edge.name))
                return
            self._pause()

    def _permission(self) -> Act | None:
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._act is not None)
            return None if self._over else self._act

    def _pause(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._over, RETRY)

    def _note(self, node: Node, found: Seen | DeployerError) -> None:
        with self._changed:
            self._seen[node.edge.name] = found
            self._changed.notify_all()

    def _end(self, node: Node, found: Emptied | DeployerError) -> None:
        with self._changed:
            self._ended[node.edge.name] = found
            self._changed.notify_all()
