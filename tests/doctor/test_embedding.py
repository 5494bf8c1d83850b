"""``consentgw doctor --site``: each wrong page is told in its one sentence, and a right page in none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from click.testing import CliRunner
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from consentgw.cli import main
from consentgw.consents.views import snippet
from consentgw.db import open_database, open_reader
from consentgw.demo import Addresses, opened
from consentgw.demo.running import free_port
from consentgw.doctor import inspect
from consentgw.doctor.csp import directives, loads, written
from consentgw.doctor.document import BYTES, REDIRECTS
from consentgw.errors import Malformed, TooLarge, Unavailable
from consentgw.http.server import running
from consentgw.notices import service as notices
from consentgw.notices.catalogue import read_offer
from consentgw.resources import folder
from consentgw.sites import store as sites
from tests.conftest import SECRET
from tests.gateway import PARTNERS, PURPOSES, TAGS, copy_of
from tests.house.documents import SHOP as DALA
from tests.house.documents import TAGS as DALA_TAGS
from tests.visitor import GATEWAY

PRINTED = {
    "style-src": GATEWAY,
    "script-src": f"{GATEWAY} https://analytics.example",
    "img-src": f"{GATEWAY} https://analytics.example https://pixel.example",
    "frame-src": f"{GATEWAY} https://map.example",
    "form-action": GATEWAY,
}


@dataclass
class Partner:
    """A partner's web server, and what its site asks."""

    origin: str = ""
    answers: dict[str, Response] = field(default_factory=dict)
    offers: dict[str, object] = field(default_factory=dict)
    settings: object = None

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            path = Request(scope).url.path
            await self.answers.get(path, Response(status_code=404))(scope, receive, send)
            return
        while True:
            step = (await receive())["type"]
            await send({"type": f"{step}.complete"})
            if step == "lifespan.shutdown":
                return

    def page(self, slug="shop"):
        """Return a right page of a site."""
        offer = self.offers[slug]
        lines = snippet(offer.site, offer.notices["en"], GATEWAY)
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Dala</title>{lines.head}</head>\n'
            f"<body>{lines.start}<h1>Tea</h1><p>Black<br>and green</div>{lines.end}</body></html>"
        )

    def inspect(self, page=None, slug="shop", **headers):
        """Serve a page and return what the doctor says of it."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers["/"] = HTMLResponse(page or self.page(slug), headers=named)
        return inspect(self.offers[slug], GATEWAY, f"{self.origin}/")

    def wrong(self, *given, **headers):
        """Serve a page and return what is wrong with it."""
        return [finding.what for finding in self.inspect(*given, **headers) if not finding.well]


@pytest.fixture(scope="module")
def partner(seeded_file, tmp_path_factory):
    partner = Partner(settings=copy_of(seeded_file, tmp_path_factory.mktemp("partner")))
    with running(partner) as origin:
        origin = partner.origin = origin.replace("127.0.0.1", "localhost")
        with open_database(partner.settings) as db:
            db.apply(move, origin)
        with open_reader(partner.settings) as connection:
            for slug in ("shop", "news"):
                partner.offers[slug] = read_offer(connection, sites.read(connection, slug))
        yield partner


def move(unit, origin):
    """Put both partners at the address of the web server."""
    for known in PARTNERS:
        site = replace(known, origins=frozenset({origin}), returns={})
        sites.keep(unit, site)
        notices.configure(unit, site, PURPOSES, TAGS)
        notices.issue(unit, site)


@pytest.mark.parametrize("slug", ["shop", "news"])
def test_a_right_page_is_said_to_be_right(partner, slug):
    [finding] = partner.inspect(slug=slug)

    assert finding.well
    assert slug in finding.what


WRONG = {
    "without our lines": (
        lambda page, _: "<!doctype html><title>Dala</title><p>Tea",
        "our lines are not on the page",
    ),
    "without the stylesheet": (
        lambda page, _: page.replace('<link rel="alternate stylesheet"', '<meta name="gone"'),
        "the question is never shown",
    ),
    "without the frame": (
        lambda page, _: page.replace('<iframe class="cg-frame"', "<p "),
        "the frame is not on the page",
    ),
    "with an older question": (
        lambda page, offer: page.replace(offer.notices["en"].digest, "0" * 64),
        "outdated",
    ),
    "with an older question in the link alone": (
        lambda page, offer: page.replace(f"?notice={offer.notices['en'].digest}", ""),
        "outdated",
    ),
    "with an older question in the form alone": (
        lambda page, offer: page.replace(f'value="{offer.notices["en"].digest}"', 'value=""'),
        "outdated",
    ),
    "with a tag that is gone": (
        lambda page, _: page.replace("<h1>", f'<img src="{GATEWAY}/release/shop/gone.gif"><h1>'),
        "asks for a tag that shop does not have",
    ),
    "with the stylesheet in the head": (
        lambda page, _: page.replace(link(page), "").replace("</head>", f"{link(page)}</head>"),
        "holds up the page",
    ),
    "with the stylesheet between head and body": (
        lambda page, _: page.replace(link(page), "").replace("</head>", f"</head>{link(page)}"),
        "holds up the page",
    ),
    "with the stylesheet in a head nobody wrote": (
        lambda page, _: page.replace(link(page), "").replace("<head>", "").replace("</head>", link(page)),
        "holds up the page",
    ),
    "with the stylesheet in the head after what those without scripts load": (
        lambda page, _: page.replace(link(page), "").replace(
            "</head>", f'<noscript><img src="/count.gif"></noscript>{link(page)}</head>'
        ),
        "holds up the page",
    ),
    "with a stylesheet it waits for": (
        lambda page, _: page.replace('rel="alternate stylesheet" title="consentgw"', 'rel="stylesheet"'),
        "the page waits for us",
    ),
    "without the stylesheet's name": (
        lambda page, _: page.replace('<meta http-equiv="default-style" content="consentgw">', ""),
        "<meta> is not on the page, so the question is never shown",
    ),
    "with a stylesheet of its own that has a name": (
        lambda page, _: page.replace("<title>", '<link rel="stylesheet" title="Spring" href="/own.css"><title>'),
        'a stylesheet of the page has the title "Spring"',
    ),
    "with a style element that has a name": (
        lambda page, _: page.replace("<title>", '<style title="Spring">p { color: red }</style><title>'),
        'a stylesheet of the page has the title "Spring"',
    ),
    "with a sandbox written twice": (
        lambda page, _: page.replace("sandbox=", 'sandbox="allow-forms" sandbox='),
        "sandbox lacks allow-same-origin,",
    ),
    "with the stylesheet before the end": (
        lambda page, _: page.replace("</body>", "<footer>Dala</footer></body>"),
        "not last in <body>",
    ),
    "with a sandbox that hides the origin": (
        lambda page, _: page.replace("allow-same-origin ", ""),
        "sandbox lacks allow-same-origin,",
    ),
    "with a sandbox without forms": (
        lambda page, _: page.replace("allow-forms ", ""),
        "sandbox lacks allow-forms,",
    ),
    "with an empty sandbox": (
        lambda page, _: page.replace('sandbox="allow-forms', 'sandbox data-was="'),
        "sandbox lacks allow-forms and allow-same-origin,",
    ),
    "with crossorigin": (
        lambda page, _: page.replace("<script async", '<script crossorigin="anonymous" async'),
        "crossorigin on our <script>",
    ),
    "with integrity": (
        lambda page, _: page.replace("<link", '<link integrity="sha256-x"'),
        "integrity on our <link>",
    ),
    "with a frame without credentials": (
        lambda page, _: page.replace('<iframe class="cg-frame"', '<iframe credentialless class="cg-frame"'),
        "credentialless on our <iframe>",
    ),
    "with a policy in a meta element": (
        lambda page, _: page.replace("<title>", '<meta name="Referrer" content="no-referrer"><title>'),
        "Referrer-Policy is no-referrer",
    ),
    "with a strict policy in a meta element": (
        lambda page, _: page.replace(
            "<title>", f'<meta http-equiv="Content-Security-Policy" content="img-src {PRINTED["img-src"]};'
            f' frame-src \'self\' https://map.example"><title>'
        ),
        (f"(meta element): it keeps our lines off; this directive lets them in: frame-src 'self' https://map.example"
        f" {GATEWAY}"),
    ),
    "with a vendor's own script": (
        lambda page, _: page.replace("</head>", '<script src="https://analytics.example/g.js"></script></head>'),
        "<script> leads to Google Analytics directly, past the gate",
    ),
    "with a vendor's own lines": (
        lambda page, _: page.replace("</head>", "<script>s.src='https://pixel.example/events.js'</script></head>"),
        "<script> leads to Meta Pixel directly, past the gate",
    ),
    "with a vendor's image for those without scripts": (
        lambda page, _: page.replace("<h1>", '<noscript><img src="https://pixel.example/tr"></noscript><h1>'),
        "<img> leads to Meta Pixel directly, past the gate",
    ),
    "with a connection to a vendor": (
        lambda page, _: page.replace("</head>", '<link rel="preconnect" href="https://map.example"></head>'),
        "<link> leads to Audience Map directly, past the gate",
    ),
}  # fmt: skip


def link(page):
    """Return the stylesheet's link."""
    begins = page.index("<link ")
    return page[begins : page.index(">", begins) + 1]


@pytest.mark.parametrize("case", WRONG)
def test_a_page(partner, case):
    change, sentence = WRONG[case]
    page = partner.page()
    changed = change(page, partner.offers["shop"])
    assert changed != page

    [said] = partner.wrong(changed)

    assert sentence in said


UTF8 = '<meta charset="utf-8">'


@pytest.mark.parametrize(
    ("header", "meta", "well"),
    [
        ("text/html", UTF8, True),
        ("text/html", "<meta charset=UTF8>", True),
        ("text/html", '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">', True),
        ("text/html; charset=utf-8", "", True),
        ('text/html; Charset="UTF-8"', '<meta charset="windows-1251">', True),
        ("text/html", "", False),
        ("text/html", '<meta charset="windows-1251">', False),
        ("text/html; charset=windows-1251", UTF8, False),
        ("text/html; charset=nonsense", "", False),
    ],
)
def test_a_page_says_that_it_is_in_utf_8_or_our_words_cannot_be_read(partner, header, meta, well):
    page = partner.page().replace(UTF8, meta)

    said = partner.wrong(page, content_type=header)

    assert said == [] if well else "unreadable" in said[0]


def test_a_byte_order_mark_says_so_too(partner):
    assert partner.wrong("\ufeff" + partner.page().replace(UTF8, ""), content_type="text/html") == []


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({"referrer-policy": "strict-origin, no-referrer"}, "Referrer-Policy is no-referrer"),
        ({"referrer-policy": "same-origin"}, "Referrer-Policy is same-origin"),
        ({"cross-origin-embedder-policy": "credentialless"}, "sends us no cookie"),
        ({"cross-origin-embedder-policy": "require-corp"}, "our frame and our form with &isolated=1"),
        ({"content-security-policy": "style-src 'self'"}, f"lets them in: style-src 'self' {GATEWAY}"),
        ({"content-security-policy": "style-src-elem 'none'"}, f"lets them in: style-src-elem {GATEWAY}"),
        ({"content-security-policy": "FORM-ACTION 'SELF'"}, f"lets them in: form-action 'self' {GATEWAY}"),
        ({"content-security-policy": f"img-src {GATEWAY} https://*.example"}, ""),
        ({"content-security-policy": f"img-src {GATEWAY}"}, f"in: img-src {PRINTED['img-src']}"),
        ({"content-security-policy": f"img-src {GATEWAY}/embed/ https:"}, f"https: {GATEWAY}"),
        ({"content-security-policy": f"img-src {GATEWAY}/release/ https:"}, ""),
        ({"content-security-policy": f"img-src {GATEWAY} https://pixel.example/o/ https://analytics.example"}, ""),
        ({"content-security-policy": "img-src *; img-src 'none'"}, ""),
        ({"content-security-policy": "img-src http:"}, ""),
        ({"content-security-policy": "img-src http://gateway.localhost https:"}, f"https: {GATEWAY}"),
        ({"content-security-policy": "img-src gateway.localhost:* https:"}, ""),
        (
            {"content-security-policy": f"img-src {GATEWAY} https://*.pixel.example https://analytics.example:443"},
            "443 https://pixel.example",
        ),
        ({"content-security-policy": "frame-src *; child-src 'none'"}, ""),
        ({"content-security-policy": "child-src 'none'"}, f"in: frame-src {PRINTED['frame-src']}"),
        ({"content-security-policy": "frame-src *, frame-src 'none'"}, f"in: frame-src {PRINTED['frame-src']}"),
        ({"content-security-policy": "script-src 'nonce-x' 'strict-dynamic' https:"}, "give our script elements"),
        ({"content-security-policy": "sandbox allow-forms"}, "sandbox lacks allow-same-origin"),
        ({"content-security-policy-report-only": "default-src 'none'"}, ""),
    ],
)  # fmt: skip
def test_a_page_with_a_header(partner, headers, sentence):
    said = partner.wrong(**{name.replace("-", "_"): value for name, value in headers.items()})

    assert len(said) == bool(sentence)
    assert sentence in "".join(said)


@pytest.mark.parametrize("nonces", ["'nonce-Dala'", "'nonce-Dala' 'strict-dynamic'"])
def test_a_script_with_the_page_s_nonce_may_load_whatever_the_hosts_are(partner, nonces):
    page = partner.page().replace("<script async", '<script nonce="Dala" async')

    assert partner.wrong(page, content_security_policy=f"script-src {nonces}") == []
    assert len(partner.wrong(page, content_security_policy=f"script-src {nonces.lower()}")) == 1
    without = page.replace("<h1>", f'<script src="{GATEWAY}/release/shop/ga.js?again"></script><h1>')
    assert len(partner.wrong(without, content_security_policy=f"script-src {nonces}")) == 1


def test_a_policy_that_allows_nothing_is_told_every_directive_that_is_printed(partner):
    said = partner.wrong(content_security_policy="default-src 'none'; form-action 'none'")

    assert [each.rpartition(": ")[2] for each in said] == [f"{name} {value}" for name, value in PRINTED.items()]
    assert partner.wrong(content_security_policy="; ".join(f"{name} {value}" for name, value in PRINTED.items())) == []


def test_what_concerns_the_partner_s_own_form_does_not_concern_the_frame_style(partner):
    assert partner.wrong(slug="news", referrer_policy="no-referrer", content_security_policy="form-action 'none'") == []


def test_lines_of_the_other_style_are_told(partner):
    offer = partner.offers["shop"]
    other = replace(offer, site=replace(offer.site, style="frame"))
    partner.answers["/"] = HTMLResponse(partner.page())

    [finding] = inspect(other, GATEWAY, f"{partner.origin}/")

    assert "of the style inline, and the site asks in the style frame" in finding.what


def test_an_origin_that_nobody_registered_is_told(partner):
    offer = partner.offers["shop"]
    elsewhere = replace(offer, site=replace(offer.site, origins=frozenset({"https://shop.example"})))
    partner.answers["/"] = HTMLResponse(partner.page())

    [finding] = inspect(elsewhere, GATEWAY, f"{partner.origin}/")

    assert finding.what == f"{partner.origin} is not among the origins of shop, so nothing works there"


def test_lines_that_lead_to_our_address_on_the_partner_s_own_ground_are_found(partner):
    offer = partner.offers["shop"]
    own = replace(offer, site=replace(offer.site, first_party=frozenset({f"{partner.origin}/consent"})))
    page = partner.page().replace(GATEWAY, "/consent")
    headers = {"referrer-policy": "same-origin", "content-security-policy": "style-src 'self'; frame-src 'self' https:"}
    partner.answers["/"] = HTMLResponse(page, headers=headers)

    assert [finding.what for finding in inspect(own, GATEWAY, f"{partner.origin}/") if not finding.well] == []
    partner.answers["/"] = HTMLResponse(page, headers={"content-security-policy": "style-src https:"})
    [finding] = inspect(own, GATEWAY, f"{partner.origin}/")
    assert finding.what.endswith(f"style-src https: {partner.origin}")


def test_what_is_no_fault_is_said_beside_it(partner):
    page = partner.page().replace(f"{GATEWAY}/release/shop/both.html", "about:blank")
    page = page.replace("?lang=en", "?lang=en&amp;isolated=1")

    first, left_out, isolated = partner.inspect(page, cross_origin_embedder_policy="require-corp")

    assert first.well
    assert left_out.well
    assert isolated.well
    assert "both.html" in left_out.what
    assert "require-corp" in isolated.what


def test_comments_and_what_is_inert_are_no_part_of_the_page(partner):
    vendor = '<script src="https://analytics.example/x.js">s="//pixel.example/"</script>'
    page = partner.page().replace("<h1>", f"<!-- {vendor} --><template>{vendor}</template><h1>")
    shown = '<script type="application/ld+json">{"@id": "https://pixel.example/"}</script>'
    linked = '<a href="https://analytics.example/"></a><form action="https://pixel.example/"></form>'

    assert partner.wrong(page.replace("<h1>", f"{shown}{linked}<h1>")) == []


def refusal(partner, answer, kind, path="/"):
    """Serve an answer and return the sentence of the error."""
    partner.answers["/"] = answer
    with pytest.raises(kind) as raised:
        inspect(partner.offers["shop"], GATEWAY, f"{partner.origin}{path}")
    return str(raised.value)


def test_what_is_no_page_is_told_in_one_sentence(partner):
    assert refusal(partner, Response(status_code=404), Unavailable) == "the page answers 404"
    assert "no HTML" in refusal(partner, Response("{}", media_type="application/json"), Malformed)
    assert "longer" in refusal(partner, HTMLResponse("a" * (BYTES + 1)), TooLarge)
    assert "another origin" in refusal(partner, RedirectResponse("https://eve.example/"), Unavailable)
    assert f"{REDIRECTS} times" in refusal(partner, RedirectResponse("/"), Unavailable)
    assert "declaration" in refusal(partner, HTMLResponse("<![Dala[>"), Malformed)
    for address in ("file:///etc/passwd", "shop", "http://", "ftp://shop.example/"):
        with pytest.raises(Malformed, match="written in full"):
            inspect(partner.offers["shop"], GATEWAY, address)
    with pytest.raises(Unavailable, match="cannot be fetched"):
        inspect(partner.offers["shop"], GATEWAY, f"http://127.0.0.1:{free_port()}/")


def test_a_way_within_the_origin_is_followed(partner):
    partner.answers |= {"/old": RedirectResponse("/"), "/": HTMLResponse(partner.page())}

    [finding] = inspect(partner.offers["shop"], GATEWAY, f"{partner.origin}/old")

    assert finding.well


def test_the_command_tells_by_its_exit_status(partner):
    env = {
        "CONSENTGW_DATA": str(partner.settings.data),
        "CONSENTGW_SECRET": SECRET,
        "CONSENTGW_PUBLIC_URL": GATEWAY,
        "HTTP_PROXY": "http://127.0.0.1:1",
    }
    partner.answers["/"] = HTMLResponse(partner.page())
    right = CliRunner(env=env).invoke(main, ["doctor", "--site", "shop"])
    partner.answers["/"] = HTMLResponse("<p>Tea")
    wrong = CliRunner(env=env).invoke(main, ["doctor", "--site", "shop", f"{partner.origin}/"])
    unnamed = CliRunner(env=env).invoke(main, ["doctor", f"{partner.origin}/"])
    unknown = CliRunner(env=env).invoke(main, ["doctor", "--site", "nowhere"])

    assert (right.exit_code, right.output[:5]) == (0, "ok   ")
    assert (wrong.exit_code, wrong.output[:5]) == (1, "FAIL ")
    assert unnamed.exit_code == 2
    assert (unknown.exit_code, unknown.output.count("\n")) == (1, 1)


def test_what_is_printed_for_a_policy_is_what_the_lines_load(partner):
    env = {
        "CONSENTGW_DATA": str(partner.settings.data),
        "CONSENTGW_SECRET": SECRET,
        "CONSENTGW_PUBLIC_URL": GATEWAY,
    }

    def printed(*words):
        return CliRunner(env=env).invoke(main, ["site", "snippet", *words, "--csp"])

    inline = "; ".join(f"{name} {value}" for name, value in PRINTED.items())
    assert printed("shop").output == f"{inline}\n"
    assert printed("news").output == printed("shop", "--style", "frame").output == f"{inline.rpartition('; ')[0]}\n"
    assert printed("shop", "--style", "nginx").exit_code == 2


def test_the_page_for_partners_shows_the_directives_of_its_example():
    page = (folder("templates").parent / "docs" / "embed" / "csp.md").read_text(encoding="utf-8")

    shown = written(directives(loads(DALA, DALA_TAGS, "https://consent.example")))
    assert f"\n{shown}\n" in page


def test_every_page_of_the_demo_is_right(tmp_path):
    port = free_port()
    at = Addresses(port)
    env = {"CONSENTGW_DATA": str(tmp_path), "CONSENTGW_PUBLIC_URL": at.gateway}
    with running(opened(port, tmp_path), port=port):
        for slug, origin in (("shop", at.shop), ("news", at.news)):
            for path in ("/", "/ru/", "/en/"):
                done = CliRunner(env=env).invoke(main, ["doctor", "--site", slug, f"{origin}{path}"])
                assert (done.exit_code, done.output.count("\n")) == (0, 1), done.output
