"""A receipt in the hands of the person it was given to."""

from __future__ import annotations

import json

from consentgw.consents.receipt import KIND
from consentgw.keys.model import verify


def test_a_receipt_is_downloaded_verified_and_withdrawn_and_the_page_obeys_though_its_cookie_does_not(
    visitor, demo, partner
):
    browser, gateway = visitor.browser, demo.addresses.gateway
    visitor.visit()
    visitor.answer("accept_all")
    visitor.saw(partner.everyone)
    kept = browser.cookies()
    assert [cookie.value for cookie in kept if "accept_all" in cookie.value]
    with visitor.settings() as settings:
        receipt = settings.attribute("a[href^='/receipt/']", "href")
        assert settings.attribute("a[href^='/receipt/']", "target") == "_blank"
    assert receipt is not None

    # At top level the browser shows the gateway no cookie of the partner's page; the address alone is enough.
    browser.open(gateway + receipt)
    browser.see("h1", "Your consent receipt")
    assert browser.shown("li.granted") == 2
    downloads = {name: browser.attribute(f".downloads a[href$='.{name}']", "href") for name in ("json", "jws")}
    signed = demo.get(str(downloads["jws"]).removeprefix(gateway))
    plain = demo.get(str(downloads["json"]).removeprefix(gateway))
    assert signed.headers["content-disposition"].startswith("attachment")
    claims = verify(signed.text, demo.get("/.well-known/jwks.json").json(), KIND)
    assert claims == json.loads(plain.text)
    assert claims["granted"] == ["analytics", "marketing"]

    browser.click("button[value=withdraw]")
    browser.see(".standing", "You withdrew this consent")
    assert set(kept) <= set(browser.cookies())
    demo.forget()
    visitor.visit()
    assert not visitor.asked
    assert not demo.seen


def test_reading_a_receipt_changes_nothing(visitor, demo, partner):
    visitor.visit()
    visitor.answer("save", "analytics")
    with visitor.settings() as settings:
        receipt = settings.attribute("a[href^='/receipt/']", "href")
    for _ in range(2):
        visitor.browser.open(f"{demo.addresses.gateway}{receipt}")
        visitor.browser.see(".standing", "This answer holds today.")
    demo.forget()
    visitor.visit()

    assert demo.seen == {partner.analytics}
