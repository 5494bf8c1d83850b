"""On the partner's own ground: a cookie of its own, links under the mount, and the same rules as everywhere."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from consentgw.consents.model import Channel
from tests.gateway import COOKIE, EVE, NEWS, SHOP, ledger
from tests.grounds import MOUNT, OWN, SUBDOMAIN, grounded
from tests.visitor import GATEWAY, Visitor

__all__ = ["grounded"]
pytestmark = pytest.mark.anyio
BOTH = pytest.mark.parametrize("base", [SUBDOMAIN, MOUNT])


@pytest.fixture
def aigerim(grounded):
    """A visitor of the shop."""
    return Visitor(grounded)


async def shows(visitor, base, on=SHOP, **said):
    """Return what the shop's page shows."""
    style = await visitor.load(f"{base}/embed/shop/style.css", "style", on, **said)
    return re.search(r"/\* consentgw: \w+, (\w+) \*/", style.text)[1]


async def loads(visitor, base, tag="ga.gif", on=SHOP, **said):
    """Return whether a tag loads on the shop's page."""
    return (await visitor.load(f"{base}/release/shop/{tag}", "image", on, **said)).status_code == 302


@BOTH
async def test_an_answer_is_kept_as_the_site_s_own_cookie_and_recorded_as_first_party(grounded, aigerim, base):
    frame = await aigerim.frame(f"{base}/embed/shop?lang=en", SHOP)
    saved = await frame.press("accept_all")

    assert "Your choice is saved" in saved.text
    [line] = aigerim.set_cookies
    assert line.startswith(f"{OWN}=")
    assert line.endswith("; Secure; HttpOnly; SameSite=Lax")
    assert "Path=/;" in line
    assert ledger(grounded)[0].receipt.channel is Channel.FIRST_PARTY
    assert await shows(aigerim, base) == "decided"
    assert await loads(aigerim, base)


@BOTH
async def test_the_question_in_the_page_is_first_party_too(grounded, aigerim, base):
    notice = grounded.catalogue.offer("shop").notices["en"].digest
    page = aigerim.read(
        f'<form method="post" action="{base}/embed/shop?lang=en"><input type="hidden" name="notice" value="{notice}">'
        '<button name="method" value="reject_all">No</button></form>',
        SHOP,
    )
    await page.press("reject_all")

    assert ledger(grounded)[0].receipt.channel is Channel.FIRST_PARTY
    assert await shows(aigerim, base) == "decided"


@BOTH
async def test_a_withdrawal_closes_the_gate_there(grounded, aigerim, base):
    saved = await (await aigerim.frame(f"{base}/embed/shop?lang=en", SHOP)).press("accept_all")
    await saved.press("withdraw")

    assert not await loads(aigerim, base)


@BOTH
async def test_of_the_two_cookies_only_the_one_of_the_ground_is_read_even_where_a_browser_sends_both(
    grounded, aigerim, base
):
    await (await aigerim.frame(f"{base}/embed/shop?lang=en", SHOP)).press("accept_all")
    await (await aigerim.frame("/embed/shop?lang=en", SHOP)).press("reject_all")

    assert aigerim.cookie(OWN, SHOP)
    assert aigerim.cookie(COOKIE[SHOP], SHOP)
    assert await loads(aigerim, base)
    assert not await loads(aigerim, GATEWAY)


async def test_a_cookie_of_one_name_says_nothing_under_the_other(aigerim):
    await (await aigerim.frame(f"{MOUNT}/embed/shop?lang=en", SHOP)).press("accept_all")
    aigerim.jar = {(SHOP, COOKIE[SHOP]): aigerim.jar[SHOP, OWN]}

    assert not await loads(aigerim, MOUNT)


@BOTH
async def test_a_form_there_is_refused_when_another_page_posts_it(grounded, aigerim, base):
    frame = await aigerim.frame(f"{base}/embed/shop?lang=en", SHOP)

    for origin in (EVE, NEWS, GATEWAY, "null"):
        answer = await frame.press("accept_all", origin=origin, sec_fetch_site="cross-site")
        assert answer.status in {403, 409}
    assert ledger(grounded) == []


async def test_the_gateway_s_own_origin_is_no_longer_ours_on_the_site_s_ground(grounded, aigerim):
    frame = await aigerim.frame(f"{SUBDOMAIN}/embed/shop?lang=en", SHOP)

    assert (await frame.press("accept_all", origin=GATEWAY)).status == 403
    there = await aigerim.frame("/embed/shop?lang=en", SHOP)
    assert (await there.press("accept_all", origin=SUBDOMAIN)).status == 403


async def test_the_ground_of_one_site_is_no_ground_of_another(grounded, aigerim):
    frame = await aigerim.frame(f"{SUBDOMAIN}/embed/news?lang=en", NEWS)
    await frame.press("accept_all")

    assert ledger(grounded) == []
    assert aigerim.set_cookies == []


@pytest.mark.parametrize(
    "host", ["consent.shop.example.", "CONSENT.shop.example", "consent.shop.example:443", "evil.example", ""]
)
async def test_a_host_that_is_not_configured_is_no_ground(aigerim, host):
    await (await aigerim.frame(f"{SUBDOMAIN}/embed/shop?lang=en", SHOP)).press("accept_all")

    assert not await loads(aigerim, SUBDOMAIN, host=host)


@pytest.mark.parametrize(
    "forged",
    [
        {"x_forwarded_host": "consent.shop.example"},
        {"x_forwarded_prefix": "/consent-gateway", "x_forwarded_host": "shop.example"},
        {"forwarded": "host=consent.shop.example;proto=https"},
        {"x_original_url": "/consent-gateway/embed/shop"},
    ],
)
async def test_no_header_of_a_proxy_makes_a_ground(aigerim, forged):
    await (await aigerim.frame(f"{SUBDOMAIN}/embed/shop?lang=en", SHOP)).press("accept_all")

    assert not await loads(aigerim, GATEWAY, **forged)


# Under a path


async def crawl(visitor, start):
    """Return every page that links lead to from one under the mount, by address."""
    seen, todo = {}, [start]
    while todo:
        url = todo.pop()
        if url in seen or "/release/" in url:
            continue
        page = await visitor.open(url, referer=None)
        seen[url] = page
        if page.headers.get("content-type", "").startswith("text/html"):
            todo += [f"{SHOP}{address}" for address in re.findall(r'\s(?:href|src|action)="(/[^"#]*)', page.text)]
    return seen


async def test_every_address_of_ours_under_a_mount_stays_under_it_and_is_there(grounded, aigerim):
    saved = await (await aigerim.frame(f"{MOUNT}/embed/shop?lang=en", SHOP)).press("accept_all")
    receipt = f"{SHOP}{saved.link('/receipt/')}".replace("&amp;", "&")

    pages = await crawl(aigerim, f"{MOUNT}/consent/shop?lang=en") | await crawl(aigerim, receipt)

    kinds = {urlsplit(url).path.split("/")[2] for url in pages}
    assert {"consent", "receipt", "policy", "static", "sites", "notice"} <= kinds
    for url, page in pages.items():
        assert page.status in {200, 303}, url
        assert url.startswith(f"{MOUNT}/"), url
        assert int(page.headers["content-length"]) == len(page.response.content), url


async def test_redirects_forms_and_the_confirmation_s_images_stay_under_the_mount(grounded, aigerim):
    frame = await aigerim.frame(f"{MOUNT}/embed/shop?lang=en", SHOP)
    assert frame.form("accept_all").action.startswith("/consent-gateway/embed/shop?")
    saved = await frame.press("accept_all")

    assert saved.url.startswith(f"{MOUNT}/embed/shop?")
    for element, address in saved.loads:
        assert address.startswith("/consent-gateway/release/shop/"), element
    page = await (await aigerim.open(f"{MOUNT}/consent/shop?lang=en")).press("withdraw")
    assert page.url.startswith(f"{MOUNT}/receipt/")


async def test_the_redirect_flow_works_under_a_mount_and_leads_to_the_registered_address_untouched(grounded, aigerim):
    page = await aigerim.open(f"{MOUNT}/consent/shop?lang=en&return=done&state=x")
    back = await page.press("accept_all")

    assert back.url.startswith(f"{SHOP}/after-consent?code=")
    assert ledger(grounded)[0].receipt.channel is Channel.REDIRECT


async def test_the_head_of_a_page_under_a_mount_tells_no_wrong_length(grounded, aigerim):
    page = await aigerim._send("HEAD", f"{MOUNT}/consent/shop", None, "document", SHOP)

    assert page.status_code == 200
    assert page.content == b""
    assert "content-length" not in page.headers


async def test_a_path_that_only_begins_like_the_mount_is_not_under_it(aigerim):
    for path in ("/consent-gateway", "/consent-gatewayx/embed/shop", "//consent-gateway/embed/shop"):
        assert (await aigerim.open(f"{SHOP}{path}")).status == 404


async def test_the_list_of_cookies_names_both(grounded, aigerim):
    page = await aigerim.open("/consent/shop?lang=en")

    assert COOKIE[SHOP] in page.text
    assert OWN in page.text
