"""What can go wrong on the way to the gateway."""

from __future__ import annotations

from typing import Any


class ClientError(Exception):
    """Root of every error of the client."""

    status = 0
    """Of the answer; zero where none came."""


class Unreachable(ClientError):
    """No answer came in time, or none that the gateway gives. Nothing is known; a repetition does nothing twice."""

    def __init__(self, said: str, status: int = 0) -> None:
        self.status = status
        super().__init__(said)


class Refused(ClientError):
    """The gateway answered with a problem (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code") or "error")
        """Its stable name; ``{origin}/problems/{code}`` explains it."""
        self.problem = problem
        super().__init__(f"{status} {self.code}: {problem.get('detail') or problem.get('title') or 'refused'}")


class NotGenuine(ClientError):
    """A receipt or a message was not signed by the gateway, was altered, or is too old."""
