"""Logs: plain lines for people, or a JSON object a line for machines, every member of which is chosen here.

In JSON an error is told by its type and by where it was raised, never by its words: those may repeat what was sent.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import Scope

LogFormat = Literal["plain", "json"]

current: ContextVar[Scope | None] = ContextVar("request", default=None)
"""The request that is being answered."""
_GIVEN = re.compile(rb"[A-Za-z0-9-]{8,64}")
_FRAMES = 8


def request_id(scope: Scope) -> str:
    """Return the id of a request: the one a proxy gave it (``X-Request-Id``), else one of chance."""
    known = scope.get("consentgw.request_id")
    if known is None:
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        known = scope["consentgw.request_id"] = given.decode() if _GIVEN.fullmatch(given) else uuid4().hex
    return known


def frames(raised: TracebackType | None) -> list[str]:
    """Return the last lines an error came through, as ``file:line function``."""
    found = traceback.extract_tb(raised)[-_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in found]


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage().partition("\n")[0],
        }
        if (scope := current.get()) is not None:
            said["request"] = request_id(scope)
        if record.exc_info and record.exc_info[0]:
            said["error"] = record.exc_info[0].__name__
            said["raised"] = frames(record.exc_info[2])
        return json.dumps(said, ensure_ascii=False)


def configuration(log_format: LogFormat) -> dict[str, Any]:
    """Return the configuration of the standard library's logging."""
    plain = {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"chosen": {"()": f"{__name__}.JsonLines"} if log_format == "json" else plain},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "chosen"}},
        "loggers": {
            name: {"handlers": ["stderr"], "level": level, "propagate": False}
            for name, level in (("consentgw", "INFO"), ("uvicorn", "INFO"), ("opentelemetry", "WARNING"))
        },
    }
