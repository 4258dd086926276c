"""Who receives requests"""

from deployer.traffic.live import LiveTraffic

__all__ = ["LiveTraffic"]
