"""Surfaces: the promises each makes in its headers."""

from __future__ import annotations

import pytest

from consentgw.http import surfaces
from consentgw.http.surfaces import Places, Surface

EVERY = {name: one for name, one in vars(surfaces).items() if isinstance(one, Surface)}
SHOP = Places("https://shop.example https://www.shop.example", "https://vendor.example")


def headers(surface, places=SHOP):
    pairs = [(name.decode(), value.decode()) for name, value in surface.headers(places)]
    assert len(dict(pairs)) == len(pairs), "a header stands twice"
    return dict(pairs)


def policy(surface, places=SHOP):
    """Return the directives of a surface's Content-Security-Policy."""
    directives = (part.split() for part in headers(surface, places)["content-security-policy"].split(";"))
    return {name: values for name, *values in directives}


@pytest.mark.parametrize("surface", EVERY.values(), ids=EVERY)
def test_every_surface_declares_its_type_its_cache_and_who_may_load_and_frame_it(surface):
    said = headers(surface)

    assert said["x-content-type-options"] == "nosniff"
    assert "cache-control" in said
    assert ("content-type" in said) == bool(surface.media)
    assert policy(surface)["default-src"] == ["'none'"]
    assert policy(surface)["base-uri"] == ["'none'"]
    assert "{" not in "".join(said.values())


@pytest.mark.parametrize("surface", EVERY.values(), ids=EVERY)
def test_no_surface_lets_a_script_run(surface):
    directives = policy(surface)

    assert not [name for name in directives if name.startswith(("script", "object", "worker", "connect"))]
    assert not [value for values in directives.values() for value in values if "unsafe" in value or "*" in value]


@pytest.mark.parametrize("surface", EVERY.values(), ids=EVERY)
def test_only_the_site_s_exact_origins_may_frame_what_is_meant_to_be_framed(surface):
    framed = policy(surface)["frame-ancestors"]

    if surface.name in {"embed", "decision"} or surface.name.startswith("releasing"):
        assert framed == SHOP.partner.split()
        assert "x-frame-options" not in headers(surface)
    elif surface.name == "release":
        assert framed == ["'self'", *SHOP.partner.split()]
    else:
        assert framed == ["'none'"]


@pytest.mark.parametrize("surface", EVERY.values(), ids=EVERY)
def test_vendors_are_named_only_where_something_was_released(surface):
    assert ("vendor.example" in str(headers(surface))) == surface.name.startswith("releasing")


@pytest.mark.parametrize("surface", [surfaces.EMBED, surfaces.RELEASING, surfaces.RELEASING_ISOLATED, surfaces.VISITOR])
def test_a_page_with_a_form_posts_to_us_only(surface):
    assert policy(surface)["form-action"] == ["'self'"]
    assert headers(surface)["referrer-policy"] in {"strict-origin", "same-origin"}, "or its posts hide their origin"


@pytest.mark.parametrize(
    "name",
    ["EMBED", "DECISION", "STYLE", "RELEASE", "RELEASING", "RELEASING_ISOLATED", "VISITOR", "DOWNLOAD", "PROBLEM"],
)
def test_what_depends_on_a_person_is_kept_by_nobody(name):
    assert headers(EVERY[name])["cache-control"] == "no-store"


def test_a_release_does_not_tell_the_vendor_who_led_there():
    assert headers(surfaces.RELEASE)["referrer-policy"] == "no-referrer"


def test_an_answer_has_the_length_of_its_body():
    answer = surfaces.PUBLIC.answer("ж".encode(), (b"x-more", b"1"), status=418)

    assert answer.status_code == 418
    assert answer.headers["content-length"] == "2"
    assert answer.headers["x-more"] == "1"


@pytest.mark.parametrize("origins", ["https://a.example\r\nset-cookie: eve=1", "https://сауда.example", "a\x00b"])
def test_no_origin_can_write_a_header_of_its_own(origins):
    with pytest.raises(ValueError, match="one line"):
        surfaces.EMBED.headers(Places(origins))
