"""The demo as an application, without a server or a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from consentgw.demo import Addresses, opened
from consentgw.demo.hosts import Hosts

ADDRESSES = Addresses(8080)


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    """The demo's data folder."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture
def demo(data) -> Hosts:
    """The demo on port 8080."""
    return opened(8080, data)


@pytest.fixture
def client(demo: Hosts) -> Callable[[str], httpx.AsyncClient]:
    """Make a client of one of the demo's origins."""
    return lambda origin: httpx.AsyncClient(transport=httpx.ASGITransport(demo), base_url=origin)
