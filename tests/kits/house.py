"""A gateway on a real port, a person who answers its question, and the code of the kits."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest

from consentgw.access import service
from consentgw.access.model import Scope
from consentgw.app import Gateway
from consentgw.client import Client
from consentgw.db import open_database
from consentgw.demo.running import free_port
from consentgw.http.server import running
from consentgw.settings import Settings
from consentgw.sites import store as sites
from tests.gateway import copy_of
from tests.visitor import Page, Place

KITS = Path(__file__).parents[2] / "docs" / "embed"
SCOPES = frozenset({Scope.STANDING_READ, Scope.RECEIPTS_READ, Scope.RECEIPTS_WRITE})
PIXEL = "https://vendor.example/pixel.gif"
"""What a partner's page must not hold before a yes."""


@dataclass(frozen=True)
class House:
    """A running gateway, and a key of its site ``shop``."""

    origin: str
    key: str
    partner: str
    """An origin whose pages may embed the question."""
    settings: Settings

    def client(self) -> Client:
        """Return a client of the shop."""
        return Client(self.origin, self.key, "shop")

    def answer(self, question: str, method: str, *granted: str) -> str:
        """Answer the question at an address, as a browser does; return the path and query one comes back to."""
        assert question.startswith(f"{self.origin}/consent/shop?"), question
        page = httpx.get(question, headers={"accept-language": "en"})
        form = Page(None, Place(question, self.origin), page).form(method)  # pyright: ignore[reportArgumentType]
        form.tick(granted)
        said = httpx.post(
            urljoin(question, form.action), data=_fields(form.fields(method)), headers={"origin": self.origin}
        )
        assert said.status_code == 303, said.text
        back = urlsplit(said.headers["location"])
        assert {"code", "state"} <= parse_qs(back.query).keys()
        return f"{back.path}?{back.query}"


def _fields(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: [value for key, value in pairs if key == name] for name, _ in pairs}


@pytest.fixture(scope="session")
def house(seeded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway that serves the shop on a port of its own."""
    port, partner = free_port(), f"http://localhost:{free_port()}"
    settings = copy_of(seeded_file, tmp_path_factory.mktemp("house")).model_copy(
        update={"public_url": f"http://127.0.0.1:{port}"}
    )
    with open_database(settings) as db:
        shop = db.ask(sites.read, "shop")
        returns = {"done": "https://shop.example/consent/back"}
        db.apply(sites.keep, replace(shop, origins=shop.origins | {partner}, returns=returns))
        key = db.apply(lambda unit: service.create(unit, "kits", SCOPES, site="shop")).text
    with running(Gateway(settings), port=port) as origin:
        yield House(origin, key, partner, settings)


def kit(path: str) -> ModuleType:
    """Return the code of a kit, imported as a partner's own module."""
    file = KITS / path
    spec = importlib.util.spec_from_file_location(f"kit_{file.parent.name}_{file.stem}", file)
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
