"""Which source the settings name"""

from __future__ import annotations

from pathlib import Path

from deployer.gates.source import Source
from deployer.machines import Estate
from deployer.settings.source import SourceValues
from deployer.ssh import Ssh


def source(values: SourceValues, estate: Estate, ssh: Ssh) -> Source:
    """Imported when it is named: Prometheus needs an HTTP client, the balancers only SSH."""
    match values.kind:
        case "prometheus":
            from deployer.gates.prometheus.source import Prometheus

            return Prometheus(values, estate)
        case "haproxy":
            from deployer.gates.haproxy.source import Haproxy

            return Haproxy(estate, ssh)
        case "files":
            from deployer.gates.recorded.source import Files

            return Files({side: Path(path) for side, path in values.files.items()})
