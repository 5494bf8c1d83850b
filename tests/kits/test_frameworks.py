"""The kits for web frameworks, in applications as their documents write them, against a real gateway."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from types import ModuleType
from urllib.parse import parse_qs, urlsplit

import flask
import httpx
import pytest
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import RequestFactory, override_settings
from django.urls import clear_url_caches, path
from fastapi import FastAPI
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse

from consentgw.client import AsyncClient
from consentgw.http.server import running
from tests.client.scripted import CLOSES, DRIPS, DRIPS_HEADERS, HANGS, said, scripted, taking
from tests.kits.house import PIXEL, House, kit
from tests.kits.journey import (
    SUBJECT,
    Browser,
    keeps_the_answers_of_two_tabs,
    loses_no_refusal,
    stays_open,
    tells_the_story,
)

IMAGE = f'<img src="{PIXEL}" alt="">'


SHOWN = f'<h1>A shop</h1>{{% if consent.allows("analytics") %}}{IMAGE}{{% endif %}}'
"""A page in Jinja."""


def flask_shop(origin: str, key: str) -> flask.Flask:
    """Return a Flask application."""
    app = flask.Flask("shop")
    app.secret_key = "s" * 32
    kit("flask/consent.py").init(app, origin, key, "shop")
    app.get("/", endpoint="front")(lambda: flask.render_template_string(SHOWN))
    app.get("/plain", endpoint="plain")(lambda: "<h1>About us</h1>")
    app.get("/who", endpoint="who")(lambda: flask.session["consent"])
    app.get("/known", endpoint="known")(lambda: flask.session.update(consent=SUBJECT) or "yes")
    app.register_error_handler(404, lambda _: (flask.render_template_string(SHOWN), 404))
    return app


@contextmanager
def in_flask(origin: str, key: str) -> Iterator[Browser]:
    """A Flask application and a browser at it."""
    app = flask_shop(origin, key)
    with app.extensions["consent"], Browser(httpx.WSGITransport(app)) as browser:
        yield browser


@contextmanager
def in_starlette(origin: str, key: str) -> Iterator[Browser]:
    """A FastAPI application on a server of its own."""
    consent = kit("starlette/consent.py")
    gateway = AsyncClient(origin, key, "shop", timeout=0.5, patience=1.0)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        async with gateway:
            yield

    app = FastAPI(routes=consent.routes(gateway, origin, "shop"), lifespan=living)
    app.add_middleware(consent.ConsentMiddleware, gateway=gateway)
    app.add_middleware(SessionMiddleware, secret_key="s" * 32)

    @app.get("/", response_class=HTMLResponse)
    async def front(request: Request) -> str:
        return f"<h1>A shop</h1>{IMAGE if request.state.consent.allows('analytics') else ''}"

    @app.get("/who", response_class=PlainTextResponse)
    async def who(request: Request) -> str:
        return request.session["consent"]

    @app.get("/known", response_class=PlainTextResponse)
    async def known(request: Request) -> str:
        request.session["consent"] = SUBJECT
        return "yes"

    with running(app) as at, Browser(at=at) as browser:
        yield browser


@contextmanager
def in_django(origin: str, key: str) -> Iterator[Browser]:
    """A Django application."""
    if not settings.configured:
        settings.configure(
            SECRET_KEY="s" * 32,
            ALLOWED_HOSTS=["*"],
            INSTALLED_APPS=["django.contrib.sessions"],
            SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
            MIDDLEWARE=[
                "django.contrib.sessions.middleware.SessionMiddleware",
                "kit_django_consent.middleware",
            ],
            ROOT_URLCONF="kit_django_urls",
            TEMPLATES=[
                {
                    "BACKEND": "django.template.backends.django.DjangoTemplates",
                    "OPTIONS": {
                        "libraries": {"consented": "kit_templatetags_consented"},
                        "context_processors": ["django.template.context_processors.request"],
                    },
                }
            ],
        )
    with override_settings(CONSENT={"origin": origin, "key": key, "site": "shop"}):
        consent = kit("django/consent.py")
        kit("django/templatetags/consented.py")
        shown = f'{{% load consented %}}<h1>A shop</h1>{{% consented "analytics" %}}{IMAGE}{{% endconsented %}}'

        def front(request: HttpRequest) -> HttpResponse:
            return HttpResponse(engines["django"].from_string(shown).render({}, request))

        def who(request: HttpRequest) -> HttpResponse:
            return HttpResponse(request.session["consent"])

        def known(request: HttpRequest) -> HttpResponse:
            request.session["consent"] = SUBJECT
            return HttpResponse("yes")

        urls = sys.modules["kit_django_urls"] = ModuleType("kit_django_urls")
        urls.urlpatterns = [
            path("", front),
            path("who", who),
            path("known", known),
            path("consent", consent.ask),
            path("consent/back", consent.back),
        ]
        clear_url_caches()
        with consent.GATEWAY, Browser(httpx.WSGITransport(get_wsgi_application())) as browser:
            yield browser


Application = Callable[[str, str], AbstractContextManager[Browser]]


@pytest.fixture(params=[in_flask, in_starlette, in_django])
def application(request: pytest.FixtureRequest) -> Application:
    """A partner's application with its kit, given the gateway's origin and a key."""
    return request.param


def test_a_tag_is_on_the_page_after_a_yes_and_gone_after_its_withdrawal(house: House, application: Application):
    with application(house.origin, house.key) as browser:
        tells_the_story(browser, house)


def test_a_refusal_that_is_lost_on_its_way_is_no_yes(house: House, application: Application):
    with application(house.origin, house.key) as browser:
        loses_no_refusal(browser, house)


def test_two_tabs_that_ask_lose_no_answer(house: House, application: Application):
    with application(house.origin, house.key) as browser:
        keeps_the_answers_of_two_tabs(browser, house)


@pytest.mark.parametrize(
    "answer",
    [
        HANGS,
        CLOSES,
        DRIPS,
        DRIPS_HEADERS,
        (200, {"content-type": "text/html"}, b"<h1>nginx</h1>"),
        said({"purposes": {}}),
    ],
    ids=["hangs", "closes", "drips", "drips headers", "another page", "half an answer"],
)
def test_without_an_answer_the_page_is_open_and_its_tags_are_closed(application: Application, answer: object):
    with scripted(answer) as gateway, application(gateway.origin, "k") as browser:
        stays_open(browser)
    assert len(gateway.asked) in range(1, 4)


def test_the_way_back_does_not_wait_long_for_a_gateway_that_hangs(application: Application):
    with scripted(HANGS) as gateway, application(gateway.origin, "k") as browser:
        [state] = parse_qs(urlsplit(browser.leave("/consent")).query)["state"]
        with taking(2.0):
            assert browser.leave(f"/consent/back?code=x&state={state}") == "/"


def test_a_gateway_that_is_away_costs_the_page_nothing_but_its_tags(application: Application):
    with scripted(HANGS) as gateway:
        pass
    with application(gateway.origin, "k") as browser:
        stays_open(browser)


def test_a_visitor_nobody_knows_costs_no_question(application: Application):
    with scripted(HANGS) as gateway, application(gateway.origin, "k") as browser:
        assert PIXEL not in browser.page()
    assert gateway.asked == []


def test_in_django_a_page_without_a_request_has_no_tags():
    shown = f'{{% load consented %}}<h1>Sorry</h1>{{% consented "analytics" %}}{IMAGE}{{% endconsented %}}'
    with in_django("http://127.0.0.1:9", "k"):
        page = engines["django"].from_string(shown)

        assert page.render() == "<h1>Sorry</h1>"
        assert page.render({}, RequestFactory().get("/")) == "<h1>Sorry</h1>"


def test_in_flask_a_page_without_tags_costs_no_question():
    with scripted(HANGS) as gateway, in_flask(gateway.origin, "k") as browser:
        browser.page("/known")
        browser.page("/plain")
    assert gateway.asked == []


def test_in_flask_the_page_of_a_file_that_is_not_there_and_one_made_outside_a_request_have_no_tags():
    app = flask_shop("http://127.0.0.1:9", "k")
    with app.extensions["consent"]:
        assert app.test_client().get("/static/none.css").text == "<h1>A shop</h1>"
        with app.app_context():
            assert flask.render_template_string(SHOWN) == "<h1>A shop</h1>"
