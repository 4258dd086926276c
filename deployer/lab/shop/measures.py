"""The shop's own numbers as Prometheus text"""

from __future__ import annotations

import resource
import threading
from pathlib import Path

BOUNDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Measures:
    def __init__(self, version: str, started: float) -> None:
        self._version = version
        self._started = started
        self._codes: dict[int, int] = {200: 0, 404: 0, 500: 0}
        self._buckets = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0
        self.blocked = 0

    def count(self, code: int, seconds: float) -> None:
        self._codes[code] = self._codes.get(code, 0) + 1
        self._seconds += seconds
        place = next((index for index, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        self._buckets[place] += 1

    def text(self) -> bytes:
        return ("\n".join((*self._requests(), *self._durations(), *self._process())) + "\n").encode()

    def _requests(self) -> list[str]:
        return [
            "# TYPE http_requests_total counter",
            *(
                f'http_requests_total{{release="{self._version}",code="{code}"}} {count}'
                for code, count in sorted(self._codes.items())
            ),
        ]

    def _durations(self) -> list[str]:
        name, label = "http_request_duration_seconds", f'release="{self._version}"'
        lines, total = [f"# TYPE {name} histogram"], 0
        for bound, count in zip((*BOUNDS, "+Inf"), self._buckets, strict=True):
            total += count
            lines.append(f'{name}_bucket{{{label},le="{bound}"}} {total}')
        return [*lines, f"{name}_sum{{{label}}} {self._seconds:.6f}", f"{name}_count{{{label}}} {total}"]

    def _process(self) -> list[str]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return [
            "# TYPE process_cpu_seconds_total counter",
            f"process_cpu_seconds_total {used.ru_utime + used.ru_stime:.6f}",
            "# TYPE process_resident_memory_bytes gauge",
            f"process_resident_memory_bytes {pages * resource.getpagesize()}",
            "# TYPE process_start_time_seconds gauge",
            f"process_start_time_seconds {self._started:.3f}",
            "# TYPE shop_threads gauge",
            f"shop_threads {threading.active_count()}",
            "# TYPE shop_threads_blocked gauge",
            f"shop_threads_blocked {self.blocked}",
            f'shop_info{{release="{self._version}"}} 1',
        ]
