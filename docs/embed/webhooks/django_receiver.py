"""Hears of withdrawals. ``done`` stands for a table with a unique column."""

import os

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from consentgw.client import Event, NotGenuine, verify_webhook

done: set[str] = set()


def stop(event: Event) -> None:
    """Stop what rested on the consent: take the person off the list of the newsletter, tell the vendors."""


@csrf_exempt  # the signature says who sends it
@require_POST
def receive(request):
    try:
        event = verify_webhook(request.headers, request.body, os.environ["CONSENT_HOOK"])
    except NotGenuine:
        return HttpResponse(status=400)
    if event.type == "consent.withdrawn" and event.id not in done:
        stop(event)
        done.add(event.id)
    return HttpResponse(status=204)
