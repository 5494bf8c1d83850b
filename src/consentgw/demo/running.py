"""Open the demo and serve it, until Ctrl-C."""

from __future__ import annotations

import logging
import socket
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from httpx import ASGITransport

from consentgw.app import create_app
from consentgw.client import AsyncClient
from consentgw.db import open_database
from consentgw.db.migrations import upgrade
from consentgw.demo.hosts import Addresses, Hosts
from consentgw.demo.pages import Files, Sheet, file, text
from consentgw.demo.partners import partner
from consentgw.demo.seeds import key_of, seed
from consentgw.demo.servers import Server
from consentgw.demo.vendors import Vendors
from consentgw.errors import NotFound
from consentgw.http.server import serve
from consentgw.notices.catalogue import read_offer
from consentgw.settings import Settings
from consentgw.sites import store as sites

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from consentgw.notices.catalogue import Offer


def run(port: int, data: Path | None = None, *, say: Callable[[str], None] = click.echo) -> None:
    """Serve the demo on this machine until SIGINT or SIGTERM; port 0 takes a free one.

    ``data`` is kept and used again; without it a temporary folder is made, and removed in the end.

    Raises:
        Misconfigured: the port is taken, or the data folder is not the demo's or in use.
    """
    with ExitStack() as stack:
        place = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="consentgw-demo-")))
        port = port or free_port()
        serve(
            partial(_open_quietly, port, place),
            port=port,
            ready=lambda _: say(_greeting(Addresses(port), place, temporary=data is None)),
        )
    say("The demo has stopped.")


def opened(port: int, data: Path) -> Hosts:
    """Prepare the database in a folder and return the demo as an application, to be served on a port.

    Raises:
        Misconfigured: the folder is not the demo's, or another process uses it.
    """
    addresses = Addresses(port)
    settings = Settings.read(data=data, database_url="", workers=1, public_url=addresses.gateway)
    upgrade(settings)
    with open_database(settings) as db:
        db.apply(seed, addresses)
        offers = {slug: db.ask(_offer, slug) for slug in ("shop", "news", "club", "cafe")}
        keys = {slug: db.apply(key_of, slug) for slug in ("club", "cafe")}
    gateway = create_app(settings)

    def server(slug: str) -> Server:
        # A partner elsewhere leaves the transport out; here gateway.localhost is a name that browsers alone know.
        transport = ASGITransport(gateway)
        return Server(offers[slug], addresses, AsyncClient(addresses.gateway, keys[slug], slug, transport=transport))

    return Hosts(
        gateway=gateway,
        shop=partner(offers["shop"], addresses),
        news=partner(offers["news"], addresses),
        club=server("club"),
        cafe=server("cafe"),
        vendor=Vendors(addresses),
        signpost=Files(
            {
                "/": text(Sheet(name="signpost", language="en", addresses=addresses)),
                "/style.css": file("vendors/style.css"),
            }
        ),
    )


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _offer(connection: Connection, slug: str) -> Offer:
    offer = read_offer(connection, sites.read(connection, slug))
    if offer is None:
        raise NotFound(f"{slug} asks nothing")
    return offer


def _open_quietly(port: int, data: Path) -> Hosts:
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # what it says at a start, the greeting says better
    return opened(port, data)


def _greeting(addresses: Addresses, data: Path, *, temporary: bool) -> str:
    kept = f"{data} (removed in the end)" if temporary else str(data)
    return f"""
  Start here: the shop   {addresses.shop}/en/
            қазақша      {addresses.shop}/
            по-русски    {addresses.shop}/ru/
  Another partner        {addresses.news}/en/
  Two sites, one answer  {addresses.club}/en/
  What the vendors saw   {addresses.vendor}/
            as data      {addresses.vendor}/hits.json
  The gateway            {addresses.gateway}/consent/shop?lang=en
  Data folder            {kept}

  Use Chromium or Firefox: over plain http WebKit keeps no answer.
  Press Ctrl-C to stop.
"""
