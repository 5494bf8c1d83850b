"""The figures of a run: medians, ratios to the yardstick, goals, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING

from consentgw import __version__
from consentgw.bench.targets import DECISION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consentgw.bench.load import Slice
    from consentgw.bench.targets import Target

PER_COMMIT = 16
"""Goal: decisions that share one commit, at 64 connections."""
P99_SECONDS = 0.1
"""Goal: latency of a decision."""
COLD_START_SECONDS = 2.0
MEMORY = 120 * 1024 * 1024

_COLUMNS = ("req/s", 8), ("CPU us", 8), ("per core", 10), ("goal", 14), ("by rate", 9), ("p50 ms", 8), ("p99 ms", 8)
_HEAD = " " * 34 + "".join(f"{name:>{width}}" for name, width in _COLUMNS) + "  load"
_LEGEND = """\
per core: processor time of hello by that of the address, median of {report.rounds} pairs; by rate: the same of req/s.
load: how busy the load generator was; near 100 % it limits req/s, and not the server.
{report.connections} connections, {cores} cores, {report.seconds:.0f} s."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One slice of one target."""

    rate: float
    """Answers per second."""
    cpu: float
    """Seconds of the server's processor time for one answer."""
    slice: Slice


@dataclass(frozen=True, slots=True)
class Row:
    """One target over all rounds; medians."""

    database: str
    name: str
    rate: float
    cpu: float
    per_core: float
    """Processor time of the yardstick by that of this target, paired by round: its worth on one busy core."""
    relative_rate: float
    """Rate by that of the yardstick, paired by round."""
    p50: float
    p99: float
    busy: float
    """Share of the time in which the load itself was computing."""
    answers: int
    unexpected: int
    goal: float | None

    @property
    def met(self) -> bool | None:
        """Return whether the goal was met; None where there is none."""
        return None if self.goal is None else self.per_core >= self.goal


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway under test."""

    database: str
    cold_start: float
    memory: int
    decisions: int
    commits: int

    @property
    def per_commit(self) -> float:
        """Return how many decisions shared one commit."""
        return self.decisions / self.commits if self.commits else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one run found."""

    rows: list[Row]
    gateways: list[Gateway]
    connections: int
    rounds: int
    seconds: float
    """Length of the whole run."""
    load_before: float
    """Processes that wanted a core in the minute before."""

    def table(self) -> str:
        """Return the figures for people."""
        lines = ["", _HEAD, *(_line(row) for row in self.rows), ""]
        for gateway in self.gateways:
            lines += self._facts(gateway)
        lines += ["", _LEGEND.format(report=self, cores=os.cpu_count())]
        if self.load_before > (os.cpu_count() or 1) / 2:
            lines.append(
                f"Other work kept this machine busy (load {self.load_before:.1f}): do not trust these figures."
            )
        if odd := sum(row.unexpected for row in self.rows):
            lines.append(f"{odd} answers were not the ones expected: these figures mean nothing.")
        return "\n".join(lines)

    def json(self) -> str:
        """Return the figures for programs."""
        return json.dumps(
            {
                "version": __version__,
                "python": platform.python_version(),
                "sqlite": sqlite3.sqlite_version,
                "machine": platform.machine(),
                "cores": os.cpu_count(),
                "connections": self.connections,
                "rounds": self.rounds,
                "seconds": self.seconds,
                "load_before": self.load_before,
                "rows": [asdict(row) | {"met": row.met} for row in self.rows],
                "gateways": [asdict(gateway) | {"per_commit": gateway.per_commit} for gateway in self.gateways],
            },
            indent=2,
        )

    def _facts(self, gateway: Gateway) -> Iterable[str]:
        p99 = next(row.p99 for row in self.rows if (row.database, row.name) == (gateway.database, DECISION.name))
        megabytes = gateway.memory / 1024 / 1024
        facts = [
            (
                "decisions per commit",
                f"{gateway.per_commit:.1f}",
                f"{PER_COMMIT} or more",
                gateway.per_commit >= PER_COMMIT,
            ),
            ("p99 of a decision", f"{p99 * 1000:.1f} ms", f"under {P99_SECONDS * 1000:.0f} ms", p99 < P99_SECONDS),
            (
                "cold start",
                f"{gateway.cold_start:.2f} s",
                f"under {COLD_START_SECONDS:.0f} s",
                gateway.cold_start < COLD_START_SECONDS,
            ),
            (
                "memory after the load",
                f"{megabytes:.0f} MB",
                f"under {MEMORY // 1024 // 1024} MB",
                gateway.memory < MEMORY,
            ),
        ]
        for name, value, goal, met in facts:
            yield f"{gateway.database:<12}{name:<24}{value:>10}   goal {goal}: {_verdict(met)}"


def row(database: str, target: Target, measured: list[Measurement], yardstick: list[Measurement]) -> Row:
    """Put the slices of one target together, each paired with the yardstick's of its round."""
    pairs = list(zip(measured, yardstick, strict=True))
    return Row(
        database=database,
        name=target.name,
        rate=median(one.rate for one in measured),
        cpu=median(one.cpu for one in measured),
        per_core=median(hello.cpu / one.cpu for one, hello in pairs),
        relative_rate=median(one.rate / hello.rate for one, hello in pairs),
        p50=median(one.slice.latency(0.5) for one in measured),
        p99=median(one.slice.latency(0.99) for one in measured),
        busy=median(one.slice.busy for one in measured),
        answers=sum(one.slice.answers for one in measured),
        unexpected=sum(one.slice.unexpected for one in measured),
        goal=target.goal_on(database),
    )


def _line(row: Row) -> str:
    goal = "" if row.goal is None else f"{row.goal:.2f} {_verdict(row.met)}"
    return (
        f"{row.database:<12}{row.name:<22}{row.rate:>8.0f}{row.cpu * 1e6:>8.0f}{row.per_core:>10.2f}{goal:>14}"
        f"{row.relative_rate:>9.2f}{row.p50 * 1000:>8.1f}{row.p99 * 1000:>8.1f}{row.busy:>6.0%}"
    )


def _verdict(met: bool | None) -> str:
    return "met" if met else "not met"
