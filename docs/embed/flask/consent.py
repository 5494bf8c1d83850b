"""What this visitor allows, as ``g.consent``: closed in any doubt, and the page never waits long or fails."""

from __future__ import annotations

import secrets
from contextlib import suppress
from urllib.parse import urlencode

from flask import Blueprint, Flask, g, redirect, request, session
from werkzeug.local import LocalProxy

from consentgw.client import NOTHING, Client, ClientError


def init(app: Flask, origin: str, key: str, site: str) -> None:
    """Give every request its ``consent``, and the application the ways to the question and back."""
    gateway = app.extensions["consent"] = Client(origin, key, site, timeout=0.5, patience=1.0)
    pages = Blueprint("consent", __name__)

    @pages.get("/consent")
    def ask():
        state = session.setdefault("consent_state", secrets.token_urlsafe(16))  # one for all tabs of a session
        return redirect(f"{origin}/consent/{site}?{urlencode({'return': 'done', 'state': state})}")

    @pages.get("/consent/back")
    def back():
        state, said = session.get("consent_state", ""), request.args
        if state and secrets.compare_digest(state.encode(), said.get("state", "").encode()):
            session.pop("consent", None)  # an answer we cannot fetch may be a no: what held before is over
            if "code" in said:
                with suppress(ClientError):
                    session["consent"] = gateway.redeem(said["code"], name="done", state=state).subject
        return redirect("/")

    def held():
        """Ask when it is first looked at: pages without tags cost nothing."""
        if "held" not in g:
            g.held = gateway.holds(session.get("consent"))
        return g.held

    @app.before_request
    def know():
        g.consent = LocalProxy(held)

    @app.after_request
    def keep(response):
        if "held" in g:  # no shared cache, and no Back button, may show a tag again
            response.headers["Cache-Control"] = "private, no-store"
            response.vary.add("Cookie")
        return response

    app.context_processor(lambda: {"consent": g.get("consent", NOTHING)})
    app.register_blueprint(pages)
