"""One run of the benchmark: start the servers, give each address its slice in turn, put the figures together."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import click

from consentgw.bench.load import drive
from consentgw.bench.report import Gateway, Measurement, Report, row
from consentgw.bench.serving import Served
from consentgw.bench.targets import (
    DECISION,
    POSTGRESQL,
    SQLITE,
    Target,
    decision,
    environment_of,
    seed,
    settings_for,
    targets,
    tokens,
    yardstick,
)
from consentgw.db import open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from consentgw.db import Unit

MOST_TOKENS = 20_000
"""Decisions in one slice at the most."""
_SPARE = 1.3


@dataclass
class Lane:
    """A server under test, what it is asked, and what came of it round by round."""

    name: str
    served: Served
    targets: tuple[Target, ...]
    connections: int
    measured: dict[str, list[Measurement]] = field(default_factory=dict[str, list[Measurement]])
    commits: int = 0
    kept: int = 0
    _pace: float = 1_000.0
    """Decisions per second to prepare tokens for."""

    def measure(self, target: Target, seconds: float) -> Measurement:
        """Give one target a slice."""
        before = self.served.figures()
        requests = self._requests(target, seconds)
        if target is DECISION:
            before = self.served.figures()  # fetching the tokens is not part of deciding
        slice_ = drive(self.served.port, requests, connections=self.connections, seconds=seconds, expect=target.expect)
        after = self.served.figures()
        if target is DECISION:
            self._pace = max(self._pace, slice_.rate)
            self.commits += after.commits - before.commits
            self.kept += after.kept - before.kept
        return Measurement(slice_.rate, (after.cpu - before.cpu) / slice_.answers, slice_)

    def _requests(self, target: Target, seconds: float) -> Iterable[bytes]:
        if target is not DECISION:
            return cycle(target.requests)
        count = min(MOST_TOKENS, max(self.connections, int(self._pace * seconds * _SPARE)))
        return [decision(token) for token in tokens(self.served.port, count, self.connections)]


def run(
    *,
    seconds: float = 1.0,
    rounds: int = 5,
    connections: int = 64,
    postgres: str | None = None,
    output: Path | None = None,
    say: Callable[[str], None] = click.echo,
) -> Report:
    """Measure this machine, say the figures and return them.

    ``seconds`` is the length of one slice; a run takes about ``rounds`` times nine slices, twice that with
    ``postgres``, the address of an empty database.

    Raises:
        Misconfigured: a server does not start, or the PostgreSQL database holds somebody's sites.
        Unavailable: a server stopped answering.
    """
    began = time.monotonic()
    load_before = os.getloadavg()[0]
    with ExitStack() as stack:
        hello = Lane("", stack.enter_context(Served("hello")), (yardstick(),), connections)
        lanes = [hello]
        for name, url in ((SQLITE, ""), (POSTGRESQL, postgres)):
            if url is not None:
                data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="consentgw-bench-")))
                lanes.append(_lane(name, data, url, connections, stack))
        for round_ in range(rounds + 1):
            if round_ == 1:
                say(f"measuring: {rounds} rounds of {sum(len(lane.targets) for lane in lanes)} slices")
            for lane in lanes:
                for target in lane.targets:
                    # Round 0 warms everything up, briefly, and is thrown away.
                    measurement = lane.measure(target, seconds if round_ else min(seconds, 0.2))
                    if round_:
                        lane.measured.setdefault(target.name, []).append(measurement)
        report = _report(hello, lanes[1:], load_before, time.monotonic() - began)
    say(report.table())
    if output:
        output.write_text(report.json(), encoding="utf-8")
    return report


def _lane(name: str, data: Path, url: str, connections: int, stack: ExitStack) -> Lane:
    settings = settings_for(data, url)
    key = seed(settings)
    served = stack.enter_context(Served("gateway", **environment_of(settings)))
    wanted = targets(served.port, key)
    if url:
        with open_database(settings) as database:
            database.apply(_analyze)
    return Lane(name, served, wanted, connections)


def _analyze(unit: Unit) -> None:
    """Let PostgreSQL know its tables, as autovacuum does within a minute: until then it reads them whole."""
    unit.connection.exec_driver_sql("ANALYZE")


def _report(hello: Lane, lanes: list[Lane], load_before: float, took: float) -> Report:
    (yardstick_,) = hello.measured.values()
    rows = [row("", hello.targets[0], yardstick_, yardstick_)]
    for lane in lanes:
        rows += [row(lane.name, target, lane.measured[target.name], yardstick_) for target in lane.targets]
    gateways = [
        Gateway(lane.name, lane.served.cold_start, lane.served.figures().memory, lane.kept, lane.commits)
        for lane in lanes
    ]
    return Report(rows, gateways, hello.connections, len(yardstick_), took, load_before)
