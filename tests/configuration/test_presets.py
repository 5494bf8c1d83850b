"""Vendor presets: facts with their standing, and ids that cannot become anything else."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentgw.configuration.presets import Status, preset, presets
from consentgw.errors import Malformed
from consentgw.http.languages import COUNTRIES
from consentgw.notices.addresses import read_address
from consentgw.notices.wording import USUAL

PROMISED = {
    "google-analytics", "meta-pixel", "google-ads", "yandex-metrica", "matomo", "plausible", "umami", "vk",
    "top-mail-ru", "linkedin",
}  # fmt: skip

every_preset = pytest.mark.parametrize("name", sorted(presets()))


def examples(name: str) -> dict[str, str]:
    """Return what the preset itself gives as examples."""
    return {parameter: known.example for parameter, known in preset(name).parameters.items()}


def test_the_usual_vendors_are_known():
    assert set(presets()) >= PROMISED


@every_preset
def test_a_preset_with_its_own_examples_gives_addresses_that_tags_take(name):
    filled = preset(name).filled(examples(name))

    for address in filled.addresses().values():
        assert read_address(address).origin.startswith("https://")
        assert not re.search(r"(?<!\$)\{", address)
    for cookie in filled.cookies() or ():
        assert "{" not in cookie.name
    assert set(preset(name).purposes) <= set(USUAL)
    assert preset(name).country in {None, *COUNTRIES}


@every_preset
def test_a_vendor_that_only_servers_reach_has_no_address_and_any_other_has(name):
    for template in preset(name).templates:
        assert (template.status is Status.SERVER_SIDE_ONLY) == (template.kind == "server") == (not template.address)
        assert template.note.endswith(".")


@every_preset
@pytest.mark.parametrize(
    "hostile",
    ["", " ", "1 2", "../x", "1&ev=Purchase", "1?x", "1#x", "1/2/", "a@b", "${PAGE_URL}", "{id}", "1\n", "%31",
     "١٢٣٤٥٦٧", "evil.example/x?", "G-", "<script>", "a" * 300],
)  # fmt: skip
def test_what_is_no_id_of_that_vendor_is_refused_with_an_example(name, hostile):
    with pytest.raises(Malformed, match="such as"):
        preset(name).filled({**examples(name), "id": hostile})


@every_preset
@given(data=st.data())
def test_whatever_passes_for_an_id_changes_nothing_but_its_own_place(name, data):
    known = preset(name)
    said = data.draw(st.text() | st.from_regex(known.id.pattern, fullmatch=True))
    usual = known.filled(examples(name)).addresses()
    try:
        filled = known.filled({**examples(name), "id": said}).addresses()
    except Malformed:
        return
    for kind, address in filled.items():
        assert read_address(address).macros == read_address(usual[kind]).macros
        one, other = urlsplit(address), urlsplit(usual[kind])
        assert (one.scheme, one.netloc, one.fragment) == (other.scheme, other.netloc, other.fragment)
        assert one.path.count("/") == other.path.count("/")
        assert [pair.split("=")[0] for pair in one.query.split("&")] == [
            pair.split("=")[0] for pair in other.query.split("&")
        ]


@pytest.mark.parametrize(
    "host", ["", "evil.example/", "a@b.example", "evil.example:80", "-a", "A.example", "a b", "а.example"]
)
def test_the_host_of_ones_own_matomo_is_a_host(host):
    with pytest.raises(Malformed, match="host is the host of your Matomo"):
        preset("matomo").filled({"id": "1", "host": host})


def test_what_a_preset_needs_is_asked_for_and_what_it_does_not_take_is_refused():
    with pytest.raises(Malformed, match=r'needs its id, the pixel ID, such as "1'):
        preset("meta-pixel").filled({})
    with pytest.raises(Malformed, match="takes no host, only id"):
        preset("meta-pixel").filled({"id": "100000000000001", "host": "x.example"})


def test_google_tag_manager_is_refused_with_the_reason():
    with pytest.raises(Malformed, match="vendors that no file names"):
        preset("gtm")
    with pytest.raises(Malformed, match="there is no preset 'facebook'; there are google-analytics"):
        preset("facebook")
