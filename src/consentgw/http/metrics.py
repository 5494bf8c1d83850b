"""``/metrics`` for Prometheus: rates and latencies of this process, and what waits to be done.

A request is counted by its route's template, its method, its status and its site: nobody can be told apart in that.
Each process tells of itself, so several are asked one by one (docs/operations.md).
"""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consentgw import __version__
from consentgw.http import surfaces
from consentgw.http.lane import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client import Metric
    from sqlalchemy import Connection
    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.db import Database

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""Upper ends of the classes of latency, in seconds; the last class has none."""


@dataclass(slots=True)
class Tallies:
    """What this process has answered. Counting costs less than a microsecond: numbers in dictionaries, no locks."""

    requests: dict[tuple[str, str, int, str], int] = field(default_factory=dict[tuple[str, str, int, str], int])
    classes: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    def note(self, route: str, method: str, status: int, site: str, seconds: float) -> None:
        """Count one answer. ``site`` must be one there is, or the tallies would grow with what people type."""
        key = (route, method, status, site)
        self.requests[key] = self.requests.get(key, 0) + 1
        classes = self.classes.get(route)
        if classes is None:
            classes = self.classes[route] = [0] * (len(BOUNDS) + 1)
            self.seconds[route] = 0.0
        classes[bisect_left(BOUNDS, seconds)] += 1
        self.seconds[route] += seconds


@dataclass(frozen=True, slots=True)
class Metrics:
    """``/metrics``."""

    db: Database
    tallies: Tallies
    lag: Callable[[], float]
    """Seconds since this process last took in what others had recorded."""
    backlog: Callable[[Connection], Mapping[str, float]]
    """What waits to be done, by the name it has as a metric."""

    def routes(self) -> tuple[Route, ...]:
        """Return the address."""
        return (Route("/metrics", self.tell, surfaces.METRICS),)

    async def tell(self, _: Request) -> Response:
        """Tell everything that is counted.

        Raises:
            Unavailable: the database did not answer.
        """
        from prometheus_client import CollectorRegistry, generate_latest  # half a second; who does not measure saves it

        waiting = await self.db.read(self.backlog)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Told(lambda: self._told(waiting)))
        return surfaces.METRICS.answer(generate_latest(registry))

    def _told(self, waiting: Mapping[str, float]) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        requests = CounterMetricFamily(
            "consentgw_requests", "Answers given.", labels=("route", "method", "status", "site")
        )
        for (route, method, status, site), count in self.tallies.requests.items():
            requests.add_metric((route, method, str(status), site), count)
        yield requests
        latency = HistogramMetricFamily("consentgw_request_seconds", "Time to answer.", labels=("route",))
        for route, classes in self.tallies.classes.items():
            reached, buckets = 0, list[tuple[str, float]]()
            for bound, count in zip((*map(str, BOUNDS), "+Inf"), classes, strict=True):
                reached += count
                buckets.append((bound, reached))
            latency.add_metric((route,), buckets, self.tallies.seconds[route])
        yield latency
        yield CounterMetricFamily("consentgw_units_kept", "Units of work kept durably.", self.db.writer.kept)
        yield CounterMetricFamily("consentgw_commits", "Commits that kept them.", self.db.writer.commits)
        now = {"consentgw_log_lag_seconds": self.lag(), "consentgw_process_seconds": time.process_time(), **waiting}
        for name, value in now.items():
            yield GaugeMetricFamily(name, "See docs/operations.md.", value)
        version = GaugeMetricFamily("consentgw_build", "The version that runs.", labels=("version",))
        version.add_metric((__version__,), 1)
        yield version


@dataclass(frozen=True, slots=True)
class _Told:
    """What the client library calls a collector."""

    collect: Callable[[], Iterator[Metric]]
