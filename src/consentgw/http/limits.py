"""How often somebody may ask: budgets, counted before any work is done.

A budget is a sliding window. One process counts in memory, by thirty lines of our own: the `limits` library's memory
walks every window a hundred times a second. Several processes share a Redis through that library, where
``CONSENTGW_LIMITS_URL`` names one, and count each for itself while it does not answer: a limit must never be the reason
that nobody can withdraw.
"""

from __future__ import annotations

import ipaddress
import logging
import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consentgw.errors import Misconfigured, TooMany

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

log = logging.getLogger(__name__)

KNOWN = 100_000
"""Windows remembered at the most; the one that was asked for longest ago is forgotten first."""
_REDIS = ("redis://", "rediss://", "redis+unix://")
_IPV6_PREFIX = 64
"""One customer's network: a single host has as many addresses as it likes."""
_AGAIN_SECONDS = 5.0
"""How long a shared store that failed is left alone."""


@dataclass(frozen=True, slots=True)
class Budget:
    """So many requests in so many seconds; ``name`` tells budgets apart and is told to callers."""

    name: str
    amount: int
    seconds: int

    @property
    def policy(self) -> bytes:
        """Return the budget as ``RateLimit-Policy`` tells it."""
        return f'"{self.name}";q={self.amount};w={self.seconds}'.encode()


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a budget."""

    budget: Budget
    remaining: int
    reset_seconds: int

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Return ``RateLimit-Policy`` and ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers)."""
        now = f'"{self.budget.name}";r={self.remaining};t={self.reset_seconds}'.encode()
        return (b"ratelimit-policy", self.budget.policy), (b"ratelimit", now)


class Spent(TooMany):
    """A budget of which nothing is left."""

    def __init__(self, budget: Budget, wait: int) -> None:
        self.left = Left(budget, 0, wait)
        super().__init__(f"{budget.amount} requests in {budget.seconds} seconds are the most", wait)


class Limits:
    """Counts requests against budgets."""

    def __init__(self, url: str = "", clock: Callable[[], float] = time.time) -> None:
        """Count in memory, or in the Redis at ``url`` (``redis://host:6379/0``).

        Raises:
            Misconfigured: the address is none, or the driver is not installed.
        """
        self._own = _Windows()
        self._shared = _Shared(url) if url else None
        self._shared_from = float("-inf")
        self._clock = clock

    async def take(self, budget: Budget, *who: str) -> Left:
        """Count one request of somebody and return what is left.

        Raises:
            Spent: nothing is left of the budget. What is refused is not counted.
        """
        now = self._clock()
        key = "/".join((budget.name, *who))
        if self._shared and now >= self._shared_from:
            try:
                return await self._shared.take(budget, key, now)
            except Spent:
                raise
            except Exception as error:
                log.warning("the shared limits do not answer, each process counts alone: %s", type(error).__name__)
                self._shared_from = now + _AGAIN_SECONDS
        return self._own.take(budget, key, now)


class _Windows:
    """Sliding windows in memory: the count of this window, and of the one before by how much of it still counts."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[int, int, int]] = OrderedDict()

    def take(self, budget: Budget, key: str, now: float) -> Left:
        """Count one request.

        Raises:
            Spent: nothing is left of the budget.
        """
        number, gone = divmod(now, budget.seconds)
        window, before, count = self._counts.pop(key, (0, 0, 0))
        if window != number:
            before, count = (count if window == number - 1 else 0), 0
        counted = before * (1 - gone / budget.seconds) + count
        if admitted := counted + 1 <= budget.amount:
            count += 1
        self._counts[key] = (int(number), before, count)
        if len(self._counts) > KNOWN:
            self._counts.popitem(last=False)
        reset = math.ceil(budget.seconds - gone)
        if not admitted:
            raise Spent(budget, _wait(budget, before, count, gone))
        return Left(budget, max(0, math.floor(budget.amount - counted - 1)), reset)


def _wait(budget: Budget, before: int, count: int, gone: float) -> int:
    """Return in how many seconds one more is let in, if nobody asks until then."""
    length, free = budget.seconds, budget.amount - 1
    if count <= free:  # soon enough of the window before has slid away
        wait = length * (1 - (free - count) / before) - gone
    else:  # this window must end, and then slide away far enough itself
        wait = length - gone + length * (1 - free / count)
    return max(1, math.ceil(round(wait, 6)))


class _Shared:
    """The same in a Redis."""

    def __init__(self, url: str) -> None:
        if not url.startswith(_REDIS):
            raise Misconfigured("CONSENTGW_LIMITS_URL is like redis://cache.example:6379/0")
        try:
            from limits.aio.storage import RedisStorage
            from limits.aio.strategies import SlidingWindowCounterRateLimiter

            storage = RedisStorage(f"async+{url}", implementation="redispy")
        except Exception as error:
            said = (
                'needs its driver: pip install "consentgw[redis]"'
                if _no_driver(error)
                else "is like redis://cache.example:6379/0"
            )
            raise Misconfigured(f"CONSENTGW_LIMITS_URL {said}") from None
        self._limiter = SlidingWindowCounterRateLimiter(storage)

    async def take(self, budget: Budget, key: str, now: float) -> Left:
        """Count one request.

        Raises:
            Spent: nothing is left of the budget.
        """
        from limits import RateLimitItemPerSecond

        item = RateLimitItemPerSecond(budget.amount, budget.seconds, "consentgw")
        admitted = await self._limiter.hit(item, key)
        stats: Any = await self._limiter.get_window_stats(item, key)
        reset = max(1, math.ceil(stats.reset_time - now))
        if not admitted:
            raise Spent(budget, reset)
        return Left(budget, int(stats.remaining), reset)


def client(request: Request) -> str:
    """Return whom to count a request for: the address of the connection, for IPv6 its network.

    uvicorn has put in its place what a trusted proxy said (``CONSENTGW_FORWARDED_ALLOW_IPS``); nobody else is believed.
    """
    address = request.scope.get("client")
    return prefix(address[0]) if address else ""


def prefix(address: str) -> str:
    """Return an IPv4 address as it is, and of an IPv6 address the first 64 bits."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""  # a unix socket has none: everybody behind it is one
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.IPv6Network((found, _IPV6_PREFIX), strict=False).network_address)
    return str(found)


def _no_driver(error: Exception) -> bool:
    return isinstance(error, ImportError) or "prerequisite" in str(error)
