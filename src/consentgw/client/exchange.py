"""What is sent and what is made of the answers: without a network, so that threads and event loops share it.

An operation is a generator: it yields an :class:`Ask`, or a number of seconds to wait, and is sent the answer.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import quote

from consentgw.client.errors import Refused, Unreachable
from consentgw.client.model import Record, Redeemed, Standing, record, redeemed, standing

T = TypeVar("T")
_PASSING = frozenset({429, 502, 503, 504})
"""Statuses that are gone after a while. Asking again is safe: a POST carries its idempotency key."""
_IN_FLIGHT = "idempotency_in_flight"
_REMEMBERED = 4096
"""Standings that are kept with their entity tags; one has about a kilobyte."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request."""

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; ``status`` zero where none came, and then ``problem`` says why."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    problem: str = ""


Exchange = Generator[Ask | float, Answer | None, T]


@dataclass(slots=True)
class Operations:
    """The operations of one site."""

    site: str
    attempts: int
    patience: float
    """Seconds for all attempts and the waits between them."""
    _seen: dict[str, tuple[str, Standing]] = field(default_factory=dict[str, tuple[str, Standing]])
    _lock: Lock = field(default_factory=Lock)

    def standing(self, subject: str, attempts: int | None = None) -> Exchange[Standing]:
        """Read what holds, from memory where its entity tag still fits."""
        known = self._seen.get(subject)
        headers = {"if-none-match": known[0]} if known else {}
        path = self._path("subjects", subject, "standing")
        answer = yield from self._ask(Ask("GET", path, headers=headers), attempts)
        if known and answer.status == 304:
            return known[1]
        held = _read(answer, standing)
        with self._lock:
            self._seen.pop(subject, None)
            while len(self._seen) >= _REMEMBERED:
                del self._seen[next(iter(self._seen))]
            if tag := answer.headers.get("etag"):
                self._seen[subject] = tag, held
        return held

    def standings(self, subjects: Iterable[str]) -> Exchange[list[Standing]]:
        """Read what holds for up to 500 people."""
        answer = yield from self._ask(self._post("standing", {"subjects": list(subjects)}, None))
        return _read(answer, lambda said: [standing(one) for one in said["standings"]])

    def record(
        self, subject: str, decisions: Mapping[str, bool], language: str | None, notice: str | None, once: str | None
    ) -> Exchange[Record]:
        """Record a decision that the partner collected itself."""
        body = {"subject": subject, "decisions": dict(decisions), "language": language, "notice": notice}
        answer = yield from self._ask(self._post("receipts", _given(body), once or _fresh()))
        return _read(answer, record)

    def withdraw(self, subject: str, purposes: Iterable[str] | None, once: str | None) -> Exchange[Record]:
        """Take consent back, all of it or for some purposes."""
        body = {"subject": subject, "purposes": None if purposes is None else list(purposes)}
        answer = yield from self._ask(self._post("withdrawals", _given(body), once or _fresh()))
        return _read(answer, record)

    def link(self, subject: str, identifier: str, once: str | None) -> Exchange[bool]:
        """Let an identifier stand for a browser's subject."""
        path = self._path("subjects", subject, "identifiers")
        ask = Ask("POST", path, _json({"identifier": identifier}), _headers(once or _fresh()))
        answer = yield from self._ask(ask)
        return _read(answer, lambda said: bool(said["new"]))

    def redeem(self, code: str, name: str, state: str) -> Exchange[Redeemed]:
        """Turn the code of the redirect flow into what was answered."""
        body = {"code": code, "name": name, "state": state}
        answer = yield from self._ask(self._post("return-codes", body, _fresh()))
        return _read(answer, redeemed)

    def signed(self, receipt: str) -> Exchange[str]:
        """Read a receipt as a JWS."""
        ask = Ask("GET", self._path("receipts", receipt), headers={"accept": "application/jose"})
        answer = yield from self._ask(ask)
        return answer.body.decode("ascii", "replace")

    def jwks(self) -> Exchange[dict[str, Any]]:
        """Read the public keys."""
        answer = yield from self._ask(Ask("GET", "/.well-known/jwks.json"))
        return _read(answer, lambda said: {"keys": list(said["keys"])})

    def _ask(self, ask: Ask, attempts: int | None = None) -> Exchange[Answer]:
        """Ask until there is an answer, and raise where it is a refusal."""
        ends = time.monotonic() + self.patience
        for attempt in range(1, (attempts or self.attempts) + 1):
            answer = yield ask
            if answer is None or answer.status == 0:
                wait, error = _pause(attempt), Unreachable(answer.problem if answer else "no answer")
            elif answer.status < 400:
                return answer
            else:
                problem = _problem(answer)
                unknown = Unreachable(f"the answer was {answer.status}", answer.status)
                error = Refused(answer.status, problem) if problem else unknown
                passing = answer.status in _PASSING or problem.get("code") == _IN_FLIGHT or not problem
                wait = _asked_to_wait(answer.headers.get("retry-after"), attempt) if passing else None
            last = attempt == (attempts or self.attempts)
            if wait is None or last or time.monotonic() + wait > ends:
                raise error
            yield wait
        raise AssertionError("the last attempt returns or raises")

    def _post(self, name: str, body: Any, once: str | None) -> Ask:
        return Ask("POST", self._path(name), _json(body), _headers(once))

    def _path(self, *parts: str) -> str:
        return "/".join(("/v1/sites", *(quote(part, safe=":") for part in (self.site, *parts))))


def _read(answer: Answer, reader: Callable[[Any], T]) -> T:
    try:
        return reader(json.loads(answer.body))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unreachable("what answered is not the gateway, or of another version") from None


def _problem(answer: Answer) -> dict[str, Any]:
    """Return the problem document of an answer, empty where it is none: a proxy's page, or another server's."""
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return {}
    try:
        return dict(json.loads(answer.body))
    except (ValueError, TypeError, RecursionError):
        return {}


def _asked_to_wait(said: str | None, attempt: int) -> float:
    """Return how long Retry-After asks to wait (RFC 9110 section 10.2.3), or our own pause."""
    if said is None:
        return _pause(attempt)
    if said.isdecimal() and len(said) < 10:
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError):
        return _pause(attempt)


def _pause(attempt: int) -> float:
    return random.uniform(0.5, 1.0) * 0.2 * 2**attempt  # noqa: S311 - so that many clients do not knock in step


def _fresh() -> str:
    return str(uuid.uuid4())


def _headers(once: str | None) -> dict[str, str]:
    said = {"content-type": "application/json"}
    return {**said, "idempotency-key": f'"{once}"'} if once else said


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _json(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
