"""`metrics:` in deployer.yml: the service's own numbers for Prometheus, while a run goes on"""

from __future__ import annotations

from pathlib import Path

from deployer.settings.kinds import Seconds, Values


class MetricsValues(Values):
    textfile: str = ""
    """a file for node_exporter's textfile collector, ending in .prom; empty: none is written (docs/metrics.md)"""
    every: Seconds = 15
    """how often, while a run goes on, and once in its end"""

    def placed(self, directory: Path) -> MetricsValues:
        """A relative path counts from the directory of deployer.yml."""
        placed = str(directory / Path(self.textfile).expanduser()) if self.textfile else ""
        return self.model_copy(update={"textfile": placed})
