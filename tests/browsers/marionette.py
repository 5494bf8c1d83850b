"""Marionette: the wire Firefox listens on, in the few words we need.

Firefox is driven this way because it is the one that still works with `javascript.enabled` off: WebDriver
BiDi, which the libraries speak, runs its clicks as scripts of the page.
A packet is `length:json`; a command is `[0, id, name, parameters]`, its answer `[1, id, error, result]`.
"""

from __future__ import annotations

import json
import socket
from typing import Any


class MarionetteError(Exception):
    """Firefox refused a command; `kind` is WebDriver's word for why."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Marionette:
    """One connection to one Firefox."""

    def __init__(self, port: int, *, timeout: float) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._incoming = self._socket.makefile("rb")
        self._last = 0
        self._receive()  # a greeting

    def __call__(self, command: str, **parameters: Any) -> Any:
        """Send a command and return its result.

        Raises:
            MarionetteError: Firefox refused it.
        """
        self._last += 1
        packet = json.dumps([0, self._last, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(packet), packet))
        answered = 0
        while answered != self._last:  # an answer nobody waited for any more is nobody's
            _, answered, error, result = self._receive()
        if error:
            raise MarionetteError(error["error"], error["message"])
        return result["value"] if isinstance(result, dict) and result.keys() == {"value"} else result

    def close(self) -> None:
        """Hang up."""
        self._incoming.close()
        self._socket.close()

    def _receive(self) -> Any:
        length = b""
        while (byte := self._incoming.read(1)) != b":":
            if not byte:
                raise ConnectionError("Firefox hung up")
            length += byte
        return json.loads(self._incoming.read(int(length)))
