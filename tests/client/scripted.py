"""A server that answers what a test says, one answer after another; a real one, on loopback."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

HANGS = "hangs"
CLOSES = "closes"
DRIPS = "drips"
"""One byte now and then, for ten seconds."""
DRIPS_HEADERS = "drips headers"
"""The same, before it has come to the body."""


@dataclass
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass
class Script:
    """What is answered next, the last answer for ever; and what was asked."""

    answers: list[Any]
    asked: list[Asked] = field(default_factory=list)
    origin: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def next(self) -> Any:
        """Return the answer to give now."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def problem(status: int, code: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return an answer that is a problem document."""
    told = {"type": f"https://consent.example/problems/{code}", "title": "No", "status": status, "code": code}
    return status, {"content-type": "application/problem+json", **headers}, json.dumps(told).encode()


def said(value: Any, status: int = 200, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return an answer that is JSON."""
    return status, {"content-type": "application/json", **headers}, json.dumps(value).encode()


@contextmanager
def scripted(*answers: Any) -> Iterator[Script]:
    """Serve these answers."""
    script = Script(list(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            script.asked.append(Asked(self.command, self.path, headers, body))
            given = script.next()
            if given == HANGS:
                script.over.wait(10)
            if given == DRIPS:
                self.send_response(200)
                self.send_header("content-length", "1000000")
                self.end_headers()
            if given == DRIPS_HEADERS:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nx-filler: ")
            for _ in range(200 if given in (DRIPS, DRIPS_HEADERS) else 0):
                if script.over.wait(0.05):
                    break
                try:
                    self.wfile.write(b" ")
                except OSError:
                    break
            if isinstance(given, str):
                self.close_connection = True
                return
            status, fields, body = given
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **fields}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        script.origin = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield script
        finally:
            script.over.set()
            server.shutdown()
            thread.join()


@contextmanager
def taking(seconds: float) -> Iterator[None]:
    """Fail if what is done takes longer."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds
