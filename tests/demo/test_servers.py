"""The club's server: whom it takes back in, what it keeps, and what its pages hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from consentgw.access import store as keys
from consentgw.db import open_database
from consentgw.db.database import utc_now
from consentgw.demo import Addresses, opened
from consentgw.demo.running import free_port
from consentgw.http.server import running
from consentgw.settings import Settings

HOME = {"kk": "/", "ru": "/ru/", "en": "/en/"}


@pytest.fixture(scope="module")
def addresses(tmp_path_factory) -> Iterator[Addresses]:
    """The demo, served from this process."""
    port = free_port()
    with running(opened(port, tmp_path_factory.mktemp("demo")), port=port):
        yield Addresses(port)


@pytest.fixture
def person(addresses) -> Iterator[httpx.Client]:
    """A browser of a kind: it keeps cookies and follows no redirect by itself."""
    with httpx.Client() as client:
        yield client


def get(person, url, **sent):
    """Ask for an address under its own name, on this machine."""
    parts = urlsplit(url)
    here = f"http://127.0.0.1:{parts.port}{parts.path}" + (f"?{parts.query}" if parts.query else "")
    return person.get(here, headers={"host": parts.netloc}, **sent)


def sent(person, origin, path="/consent?lang=en"):
    """Let the club send somebody away; return where to, with the parameters."""
    answer = get(person, f"{origin}{path}")
    assert answer.status_code == 303
    return answer.headers["location"], {
        k: v[0] for k, v in parse_qs(urlsplit(answer.headers["location"]).query).items()
    }


@pytest.mark.parametrize("language", HOME)
@pytest.mark.parametrize("site", ["club", "cafe"])
def test_a_page_in_each_language_leads_only_to_what_is_there_and_holds_nothing_of_ours(
    addresses, person, site, language
):
    origin = getattr(addresses, site)
    page = get(person, f"{origin}{HOME[language]}")

    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text
    assert page.headers["cache-control"] == "private, no-store"
    assert addresses.gateway not in page.text
    for gone in ("<script", "style=", "<form"):
        assert gone not in page.text
    for address in set(re.findall(r'(?:href|src)="(/[^"]*)"', page.text)):
        assert get(person, f"{origin}{address}".replace("&amp;", "&")).status_code in {200, 303}, address
    assert get(person, f"{origin}/nothing").status_code == 404
    assert get(person, f"{origin}/nothing.css").status_code == 404


def test_every_departure_has_the_state_of_the_session_and_the_cookie_is_the_club_s(addresses, person):
    where, first = sent(person, addresses.club)
    _, second = sent(person, addresses.club, "/arrive?lang=ru")

    assert where.startswith(f"{addresses.gateway}/consent/club?")
    assert first["return"] == second["return"] == "done"
    assert len(first["state"]) >= 20
    assert first["state"] == second["state"]
    assert (first["lang"], second["lang"], second["prompt"]) == ("en", "ru", "none")
    [cookie] = person.cookies.jar
    assert (cookie.name, cookie.has_nonstandard_attr("HttpOnly")) == ("session", True)


@pytest.mark.parametrize("said", ["", "state=other", "state=%C3%A9", "state=", "code=x", "state=a&state=b&code=x"])
def test_who_was_not_sent_by_the_club_is_taken_for_nobody(addresses, person, said):
    sent(person, addresses.club)
    answer = get(person, f"{addresses.club}/after-consent?{said}")

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "You have not answered yet" in get(person, f"{addresses.club}/en/").text


def test_a_stranger_with_somebody_s_state_is_taken_for_nobody(addresses, person):
    _, said = sent(person, addresses.club)
    with httpx.Client() as eve:
        answer = get(eve, f"{addresses.club}/after-consent?code={'x' * 43}&state={said['state']}")

    assert answer.headers["location"] == "/"
    assert not answer.cookies


def test_a_code_that_is_dead_changes_nothing_and_shows_a_page(addresses, person):
    _, said = sent(person, addresses.club)
    answer = get(person, f"{addresses.club}/after-consent?code={'x' * 43}&state={said['state']}")

    assert answer.headers["location"] == "/en/"
    assert "You have not answered yet" in get(person, f"{addresses.club}/en/").text


def test_opening_the_demo_again_leaves_each_server_one_key(tmp_path):
    for port in (8080, 9090):
        opened(port, tmp_path)
    with open_database(Settings.read(data=tmp_path, public_url=Addresses(9090).gateway)) as db:
        for site in ("club", "cafe"):
            found = db.ask(keys.keys, site)
            assert len(found) == 2
            assert [key.live(utc_now()) for key in found].count(True) == 1
