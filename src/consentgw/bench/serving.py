"""A server under test: the real one, in a process of its own that answers questions about itself.

It prints its port, then a line of figures for every line it reads, and stops when its input ends: it never
outlives who started it.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from uvicorn.importer import import_from_string

from consentgw.app import Gateway
from consentgw.errors import Misconfigured
from consentgw.http.server import serve
from consentgw.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from consentgw.db import Database


@dataclass(frozen=True, slots=True)
class Figures:
    """What a server has used and done since it started."""

    cpu: float
    """Seconds, user and system, all threads."""
    memory: int
    """Bytes; the share of this process where the kernel tells it (PSS), else the most it ever had."""
    commits: int = 0
    kept: int = 0
    """Units of work that the commits kept."""


# In the process under test


class Measured(Gateway):
    """The gateway, with its counters in reach."""

    database: Database | None = None

    async def refresh(self, db: Database) -> None:
        """Refresh, and remember the database."""
        self.database = db
        await super().refresh(db)


def gateway() -> Measured:
    """Return the gateway for the settings of the environment."""
    return Measured(Settings.read())


async def _hello(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"6")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": b"hello\n"})


def hello() -> ASGIApp:
    """Return the yardstick: the least an ASGI application can answer."""
    return _hello


def main(factory: str) -> None:
    """Serve on a free port until the input ends."""
    app = import_from_string(factory)()

    def answer() -> None:
        for _ in sys.stdin:
            _say(asdict(_figures(app)))
        os.kill(os.getpid(), signal.SIGTERM)

    def ready(port: int) -> None:
        _say({"port": port})
        threading.Thread(target=answer, daemon=True).start()

    serve(lambda: app, port=0, ready=ready)


def _say(line: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _figures(app: object) -> Figures:
    database = app.database if isinstance(app, Measured) else None
    return Figures(
        cpu=time.process_time(),
        memory=_memory(),
        commits=database.writer.commits if database else 0,
        kept=database.writer.kept if database else 0,
    )


def _memory() -> int:
    try:
        rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
        return next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


# In the process that measures


class Served:
    """A server under test, from outside; a context manager."""

    def __init__(self, factory: str, **environment: str) -> None:
        own = {name: value for name, value in os.environ.items() if not name.startswith("CONSENTGW_")}
        self._log: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  closed with the server
        started = time.perf_counter()
        self._process = subprocess.Popen(  # noqa: S603  our own module
            [sys.executable, "-c", f"from {__name__} import main; main('{__name__}:{factory}')"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=own | environment,
        )
        try:
            self.port: int = self._read()["port"]
            socket.create_connection(("127.0.0.1", self.port), timeout=10).close()
        except BaseException:
            self.close()
            raise
        self.cold_start = time.perf_counter() - started
        """Seconds from the start of the process until it can be reached."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def figures(self) -> Figures:
        """Return what the server has used and done until now."""
        assert self._process.stdin  # noqa: S101  a pipe was asked for
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Figures(**self._read())

    def close(self) -> None:
        """Stop the server, kindly first."""
        assert self._process.stdin  # noqa: S101
        assert self._process.stdout  # noqa: S101
        self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            reason = self._log.read().strip().rpartition("\n")[2]
            raise Misconfigured(f"the server under test did not start: {reason}")
        return json.loads(line)
