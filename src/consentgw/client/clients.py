"""The two clients: the same operations for threads and for event loops."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx

from consentgw.client.deadline import keeps_deadlines, within
from consentgw.client.errors import ClientError
from consentgw.client.exchange import Answer, Ask, Exchange, Operations
from consentgw.client.model import NOTHING, Record, Redeemed, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T")
_log = logging.getLogger("consentgw.client")
_LARGEST = 4 << 20
"""Bytes of an answer at the most."""
_REST = 1.0
"""Seconds in which :meth:`Client.holds` does not ask after it got no answer: a page waits once, and not each time."""


class _Doubt:
    """When the gateway last gave no answer, or was too busy for one."""

    def __init__(self) -> None:
        self._until = 0.0

    @property
    def resting(self) -> bool:
        return time.monotonic() < self._until

    def failed(self, error: ClientError) -> Standing:
        if not 400 <= error.status < 500 or error.status == 429:  # else it is about one person, and no reason to rest
            self._until = time.monotonic() + _REST
        _log.warning("nothing is allowed: the consent gateway said %s", error)
        return NOTHING


class Client:
    """A site's client for threads; keep one and share it.

    ``origin`` is the gateway's, ``key`` an API key of the site. ``timeout`` is the seconds of one attempt,
    ``patience`` those of all attempts together, ``transport`` another way to reach the gateway.
    """

    def __init__(
        self,
        origin: str,
        key: str,
        site: str,
        *,
        timeout: float = 2.0,
        attempts: int = 3,
        patience: float = 10.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._operations = Operations(site, attempts, patience)
        self._timeout = timeout
        self._doubt = _Doubt()
        headers = {"authorization": f"Bearer {key}", "accept": "application/json"}
        self._http = httpx.Client(base_url=origin, headers=headers, timeout=timeout, transport=transport)
        keeps_deadlines(self._http)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def holds(self, subject: str | None) -> Standing:
        """Return what holds for somebody; in any doubt :data:`NOTHING`. It asks once and never raises.

        ``subject`` is a subject's id, or ``id:`` and an identifier of yours; None is nobody.
        """
        if not subject or self._doubt.resting:
            return NOTHING
        try:
            return self._run(self._operations.standing(subject, attempts=1))
        except ClientError as error:
            return self._doubt.failed(error)

    def standing(self, subject: str) -> Standing:
        """Return what holds for somebody now, as of the last withdrawal."""
        return self._run(self._operations.standing(subject))

    def standings(self, subjects: Iterable[str]) -> list[Standing]:
        """Return what holds for up to 500 people, in their order."""
        return self._run(self._operations.standings(subjects))

    def record(
        self,
        subject: str,
        decisions: Mapping[str, bool],
        *,
        language: str | None = None,
        notice: str | None = None,
        once: str | None = None,
    ) -> Record:
        """Record a decision you collected yourself, in answer to a notice or to the current one in a language.

        ``once`` is an idempotency key of yours; with the same one the decision is recorded once in 24 hours.
        """
        return self._run(self._operations.record(subject, decisions, language, notice, once))

    def withdraw(self, subject: str, purposes: Iterable[str] | None = None, *, once: str | None = None) -> Record:
        """Take consent back for somebody: all of it, or for some purposes."""
        return self._run(self._operations.withdraw(subject, purposes, once))

    def link(self, subject: str, identifier: str, *, once: str | None = None) -> bool:
        """Let your identifier stand for a browser's subject, for good; return whether it did not before."""
        return self._run(self._operations.link(subject, identifier, once))

    def redeem(self, code: str, *, name: str, state: str) -> Redeemed:
        """Fetch what a person answered, by the code they came back with; good once and for a minute.

        ``name`` is the return you asked for and ``state`` what your own session remembers.
        """
        return self._run(self._operations.redeem(code, name, state))

    def signed(self, receipt: str) -> str:
        """Return a receipt as a JWS, to be kept and verified without the gateway."""
        return self._run(self._operations.signed(receipt))

    def jwks(self) -> dict[str, Any]:
        """Return the gateway's public keys, to be kept beside receipts."""
        return self._run(self._operations.jwks())

    def _run(self, exchange: Exchange[T]) -> T:
        answer: Answer | None = None
        try:
            while True:
                step = exchange.send(answer)
                if isinstance(step, Ask):
                    answer = self._send(step)
                else:
                    time.sleep(step)
                    answer = None
        except StopIteration as done:
            return done.value

    def _send(self, ask: Ask) -> Answer:
        body = bytearray()
        try:
            with (
                within(self._timeout),
                self._http.stream(ask.method, ask.path, content=ask.body, headers=ask.headers) as response,
            ):
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > _LARGEST:
                        return Answer(0, problem="the answer is too long")
        except httpx.HTTPError as error:
            return Answer(0, problem=f"no answer: {error or type(error).__name__}")
        return Answer(response.status_code, response.headers, bytes(body))


class AsyncClient:
    """A site's client for event loops; otherwise as :class:`Client`."""

    def __init__(
        self,
        origin: str,
        key: str,
        site: str,
        *,
        timeout: float = 2.0,
        attempts: int = 3,
        patience: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._operations = Operations(site, attempts, patience)
        self._timeout = timeout
        self._doubt = _Doubt()
        headers = {"authorization": f"Bearer {key}", "accept": "application/json"}
        self._http = httpx.AsyncClient(base_url=origin, headers=headers, timeout=timeout, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def holds(self, subject: str | None) -> Standing:
        """Return what holds for somebody; in any doubt :data:`NOTHING`. See :meth:`Client.holds`."""
        if not subject or self._doubt.resting:
            return NOTHING
        try:
            return await self._run(self._operations.standing(subject, attempts=1))
        except ClientError as error:
            return self._doubt.failed(error)

    async def standing(self, subject: str) -> Standing:
        """Return what holds for somebody now, as of the last withdrawal."""
        return await self._run(self._operations.standing(subject))

    async def standings(self, subjects: Iterable[str]) -> list[Standing]:
        """Return what holds for up to 500 people, in their order."""
        return await self._run(self._operations.standings(subjects))

    async def record(
        self,
        subject: str,
        decisions: Mapping[str, bool],
        *,
        language: str | None = None,
        notice: str | None = None,
        once: str | None = None,
    ) -> Record:
        """Record a decision you collected yourself. See :meth:`Client.record`."""
        return await self._run(self._operations.record(subject, decisions, language, notice, once))

    async def withdraw(self, subject: str, purposes: Iterable[str] | None = None, *, once: str | None = None) -> Record:
        """Take consent back for somebody: all of it, or for some purposes."""
        return await self._run(self._operations.withdraw(subject, purposes, once))

    async def link(self, subject: str, identifier: str, *, once: str | None = None) -> bool:
        """Let your identifier stand for a browser's subject. See :meth:`Client.link`."""
        return await self._run(self._operations.link(subject, identifier, once))

    async def redeem(self, code: str, *, name: str, state: str) -> Redeemed:
        """Fetch what a person answered, by the code they came back with. See :meth:`Client.redeem`."""
        return await self._run(self._operations.redeem(code, name, state))

    async def signed(self, receipt: str) -> str:
        """Return a receipt as a JWS, to be kept and verified without the gateway."""
        return await self._run(self._operations.signed(receipt))

    async def jwks(self) -> dict[str, Any]:
        """Return the gateway's public keys, to be kept beside receipts."""
        return await self._run(self._operations.jwks())

    async def _run(self, exchange: Exchange[T]) -> T:
        answer: Answer | None = None
        try:
            while True:
                step = exchange.send(answer)
                if isinstance(step, Ask):
                    answer = await self._send(step)
                else:
                    await asyncio.sleep(step)
                    answer = None
        except StopIteration as done:
            return done.value

    async def _send(self, ask: Ask) -> Answer:
        body = bytearray()
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._http.stream(ask.method, ask.path, content=ask.body, headers=ask.headers) as response,
            ):
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _LARGEST:
                        return Answer(0, problem="the answer is too long")
        except TimeoutError:
            return Answer(0, problem="no answer in time")
        except httpx.HTTPError as error:
            return Answer(0, problem=f"no answer: {error or type(error).__name__}")
        return Answer(response.status_code, response.headers, bytes(body))
