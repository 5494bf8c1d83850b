"""What this visitor allows, as ``request.consent``: closed in any doubt, and the page never waits long or fails."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponseRedirect
from django.utils.cache import patch_vary_headers
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from consentgw.client import Client, ClientError

GATEWAY = Client(settings.CONSENT["origin"], settings.CONSENT["key"], settings.CONSENT["site"], timeout=0.5)


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
    request.session["consent_state"] = secrets.token_urlsafe(16)
    asked = {"return": "done", "state": request.session["consent_state"], "lang": (get_language() or "en")[:2]}
    return HttpResponseRedirect(f"{settings.CONSENT['origin']}/consent/{settings.CONSENT['site']}?{urlencode(asked)}")


def back(request):
    """Fetch what was answered, and remember whose answer it is."""
    state = request.session.pop("consent_state", "")
    if state and constant_time_compare(state, request.GET.get("state", "")) and "code" in request.GET:
        try:
            request.session["consent"] = GATEWAY.redeem(request.GET["code"], name="done", state=state).subject
        except ClientError:
            pass  # too late, or used before: what held before holds on
    return HttpResponseRedirect("/")
