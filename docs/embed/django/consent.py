"""What this visitor allows, as ``request.consent``: closed in any doubt, and the page never waits long or fails."""

from __future__ import annotations

import secrets
from contextlib import suppress
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponseRedirect
from django.utils.cache import patch_vary_headers
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from consentgw.client import Client, ClientError

GATEWAY = Client(
    settings.CONSENT["origin"], settings.CONSENT["key"], settings.CONSENT["site"], timeout=0.5, patience=1.0
)


def middleware(get_response):
    """Give every request its ``consent``."""

    def answer(request):
        looked = []

        def held():
            looked.append(True)
            return GATEWAY.holds(request.session.get("consent"))

        request.consent = SimpleLazyObject(held)
        response = get_response(request)
        if looked:  # no shared cache, and no Back button, may show a tag again
            response["Cache-Control"] = "private, no-store"
            patch_vary_headers(response, ["Cookie"])
        return response

    return answer


def ask(request):
    """Lead to the question; from there people come back to :func:`back`."""
    state = request.session.setdefault("consent_state", secrets.token_urlsafe(16))  # one for all tabs of a session
    asked = {"return": "done", "state": state, "lang": (get_language() or "en")[:2]}
    return HttpResponseRedirect(f"{settings.CONSENT['origin']}/consent/{settings.CONSENT['site']}?{urlencode(asked)}")


def back(request):
    """Fetch what was answered, and remember whose answer it is."""
    state, said = request.session.get("consent_state", ""), request.GET
    if state and constant_time_compare(state, said.get("state", "")):
        request.session.pop("consent", None)  # an answer we cannot fetch may be a no: what held before is over
        if "code" in said:
            with suppress(ClientError):
                request.session["consent"] = GATEWAY.redeem(said["code"], name="done", state=state).subject
    return HttpResponseRedirect("/")
