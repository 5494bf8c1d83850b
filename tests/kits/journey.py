"""The one story that every kit of a web framework tells."""

from __future__ import annotations

from typing import Self
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.client.scripted import taking
from tests.kits.house import PIXEL, House

SUBJECT = "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b11"
"""Somebody a partner's session remembers."""


class Browser:
    """A visitor's browser at a partner's application.

    Besides the kit's addresses it has ``/``, which shows a tag after a yes, ``/who``, which says whom the session
    remembers, and ``/known``, which remembers :data:`SUBJECT`.
    """

    def __init__(self, transport: httpx.BaseTransport | None = None, at: str = "https://shop.example") -> None:
        self._http = httpx.Client(transport=transport, base_url=at)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def page(self, path: str = "/") -> str:
        """Load a page that must be there, and return it."""
        answer = self._http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def kept_by_no_cache(self, path: str = "/") -> bool:
        """Load a page, and return whether it says so: a Back button must not show what a visitor has taken back."""
        headers = self._http.get(path).headers
        return headers["cache-control"] == "private, no-store" and "Cookie" in headers["vary"]

    def leave(self, path: str) -> str:
        """Follow a link that leads away, and return where to."""
        answer = self._http.get(path)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]


def tells_the_story(browser: Browser, house: House) -> None:
    """Nothing before a yes, a tag after it, nothing after its withdrawal; what is not a yes changes nothing."""
    assert PIXEL not in browser.page()
    assert browser.kept_by_no_cache()

    returned = house.answer(browser.leave("/consent"), "save", "marketing")
    assert browser.leave(returned) == "/"
    assert PIXEL not in browser.page()

    returned = house.answer(browser.leave("/consent"), "accept_all")
    assert browser.leave(returned) == "/"
    assert PIXEL in browser.page()
    assert PIXEL in browser.page()
    assert browser.kept_by_no_cache()

    # What somebody slips in changes nothing.
    for path in ("/consent/back?code=x&state=y", "/consent/back?state=", "/consent/back", "/consent/back?state[]=y"):
        assert browser.leave(path) == "/"
        assert PIXEL in browser.page()

    with house.client() as consent:
        consent.withdraw(browser.page("/who"))
    assert PIXEL not in browser.page()


def loses_no_refusal(browser: Browser, house: House) -> None:
    """Who answered again may have refused: without that answer, nothing holds of what held before."""
    for lost in ("", "&code=dead", "&code[]=x"):
        assert browser.leave(house.answer(browser.leave("/consent"), "accept_all")) == "/"
        assert PIXEL in browser.page()

        [state] = parse_qs(urlsplit(browser.leave("/consent")).query)["state"]
        assert browser.leave(f"/consent/back?state={state}{lost}") == "/"
        assert PIXEL not in browser.page()


def keeps_the_answers_of_two_tabs(browser: Browser, house: House) -> None:
    """Two questions are open at once: each answer counts, in whichever order they are given."""
    first, second = browser.leave("/consent"), browser.leave("/consent")

    browser.leave(house.answer(first, "accept_all"))
    assert PIXEL in browser.page()
    browser.leave(house.answer(second, "reject_all"))
    assert PIXEL not in browser.page()


def stays_open(browser: Browser) -> None:
    """While the gateway does not answer, the page is there within a second, without tags, and the next one at once."""
    browser.page("/known")

    with taking(2.0):
        for _ in range(10):
            assert PIXEL not in browser.page()
