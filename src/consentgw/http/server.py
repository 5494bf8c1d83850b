"""The HTTP server: uvicorn, set up once for the command line, the demo, the benchmark and the tests.

It believes no proxy that is not named, says nothing about itself, and ends every stop within a known time.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import signal
import socket
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.importer import import_from_string
from uvicorn.supervisors import Multiprocess

from consentgw.errors import Misconfigured
from consentgw.http.connection import Connection
from consentgw.http.logs import configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from types import FrameType

    from starlette.types import ASGIApp

    from consentgw.http.logs import LogFormat

log = logging.getLogger(__name__)

BACKLOG = 512
"""Connections that may wait to be accepted."""
CONNECTIONS = 1000
"""The last line of defence against overload: beyond it, a bare 503."""
GRACE_SECONDS = 15
"""How long a stop waits for requests that have begun."""


class _Server(uvicorn.Server):
    """A server that says when it can be reached."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def serve(
    factory: Callable[[], ASGIApp] | str,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    workers: int = 1,
    trusted_proxies: Sequence[str] = (),
    access_log: bool = False,
    log_format: LogFormat = "plain",
    ready: Callable[[int], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish what has begun and return.

    ``factory`` makes the application; for more than one worker it is an import string, ``package.module:name``.
    ``ready`` is called with the port when a single worker can be reached. The client's address is the one of
    the connection, unless that is one of ``trusted_proxies``. Runs in the main thread.

    Raises:
        Misconfigured: the port is taken or not allowed, a proxy is no address, or the application cannot start.
    """
    with ExitStack() as stack:
        sockets = _listen(host, port, stack)
        config = _configure(
            _InWorker(factory) if workers > 1 else factory,
            workers=workers,
            trusted_proxies=trusted_proxies,
            access_log=access_log,
            log_config=configuration(log_format),
        )
        # After a graceful stop uvicorn raises the signal again: SIGTERM then ends this call as Ctrl-C does.
        stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, signal.default_int_handler))
        try:
            if workers > 1:
                _supervise(config, sockets)
            else:
                config.load()
                _Server(config, lambda: ready(_port(sockets)) if ready else None).run(sockets)
        except KeyboardInterrupt:
            pass
        except SystemExit:
            raise Misconfigured("the application could not start; the lines above say why") from None


@contextmanager
def leaving(seconds: float, told: Callable[[], None]) -> Generator[None]:
    """Within a server's life: on SIGTERM call ``told``, and let the stop begin so many seconds later.

    Meanwhile every request is answered as ever, so that load balancers look away before a connection is refused.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    stop = signal.getsignal(signal.SIGTERM)

    def handle(number: int, frame: FrameType | None) -> None:
        told()
        if callable(stop):
            loop.call_soon_threadsafe(loop.call_later, seconds, stop, number, frame)

    signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, stop)


@contextmanager
def running(
    app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, connection: type[Connection] = Connection
) -> Generator[str]:
    """Serve an application from a thread of this process; gives its address, such as ``http://127.0.0.1:49152``.

    Raises:
        Misconfigured: as ``serve``.
    """
    with ExitStack() as stack:
        sockets = _listen(host, port, stack)
        config = _configure(lambda: app, connection=connection, log_config=None)
        settled = threading.Event()
        server = _Server(config, settled.set)

        def run() -> None:
            try:
                server.run(sockets)
            except SystemExit:
                pass  # what went wrong is in the log; that it did is seen below
            finally:
                settled.set()

        thread = threading.Thread(target=run, name="consentgw-server")
        thread.start()
        try:
            settled.wait()
            if not server.started:
                raise Misconfigured("the application could not start; the log says why")
            yield f"http://{f'[{host}]' if ':' in host else host}:{_port(sockets)}"
        finally:
            server.should_exit = True
            thread.join()


def read_proxies(text: str) -> list[str]:
    """Return the proxies that a setting names, with commas between.

    Raises:
        Misconfigured: one is neither an address nor a network.
    """
    return _checked([one.strip() for one in text.split(",") if one.strip()])


def _checked(proxies: list[str]) -> list[str]:
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            raise Misconfigured(
                f"a trusted proxy (CONSENTGW_FORWARDED_ALLOW_IPS) is an address or a network, not {proxy!r}"
            ) from None
    return proxies


def _configure(
    factory: Callable[[], ASGIApp] | str,
    *,
    connection: type[Connection] = Connection,
    workers: int = 1,
    trusted_proxies: Sequence[str] = (),
    access_log: bool = False,
    log_config: dict[str, Any] | None,
) -> uvicorn.Config:
    return uvicorn.Config(
        cast("Any", factory),
        factory=True,
        lifespan="on",
        http=connection,
        ws="none",
        workers=workers,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=_checked(list(trusted_proxies)),
        server_header=False,
        access_log=access_log,
        log_config=log_config,
        backlog=BACKLOG,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_worker_healthcheck=10,
    )


@dataclass(frozen=True)
class _InWorker:
    """A factory in a worker: when it fails, it says why and is not tried again."""

    factory: Callable[[], ASGIApp] | str

    def __call__(self) -> ASGIApp:
        try:
            return import_from_string(self.factory)()
        except Misconfigured as error:
            log.error("%s", error)  # noqa: TRY400  one sentence is all there is to say
        except Exception:
            log.exception("the application could not be made")
        raise SystemExit(STARTUP_FAILURE)


def _supervise(config: uvicorn.Config, sockets: list[socket.socket]) -> None:
    supervisor = Multiprocess(config, sockets)
    supervisor.run()
    if any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes):
        raise SystemExit


def _listen(host: str, port: int, stack: ExitStack) -> list[socket.socket]:
    """Listen on every address of a host; they are closed with the stack."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        raise Misconfigured(f"{host!r} is no name or address known here: choose 127.0.0.1 or 0.0.0.0") from None
    sockets: list[socket.socket] = []
    refused: OSError | None = None
    for family, kind, protocol, _, address in found:
        try:
            listener = stack.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            # With any port allowed, every address takes the one that the first was given.
            listener.bind((address[0], port or (_port(sockets) if sockets else 0), *address[2:]))
            listener.listen(BACKLOG)
        except OSError as error:
            if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                raise Misconfigured(_why_not(error, host, port)) from None
            refused = error
        except OverflowError:
            raise Misconfigured(f"a port is a number up to 65535, not {port}") from None
        else:
            sockets.append(listener)
    if not sockets:
        raise Misconfigured(_why_not(refused, host, port))
    return sockets


def _why_not(error: OSError | None, host: str, port: int) -> str:
    match error.errno if error else None:
        case errno.EADDRINUSE:
            return f"port {port} of {host} is taken: stop the program that uses it, or choose another port"
        case errno.EACCES | errno.EPERM:
            return f"port {port} of {host} is not allowed to you: choose one from 1024 upward"
        case _:
            return f"{host} is not an address of this machine: choose 127.0.0.1 or 0.0.0.0"


def _port(sockets: list[socket.socket]) -> int:
    return sockets[0].getsockname()[1]
