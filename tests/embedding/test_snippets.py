"""``consentgw site snippet --style``: the right lines for each way to embed, filled in for the site."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from consentgw.cli import main
from tests.conftest import SECRET
from tests.gateway import SHOP
from tests.grounds import MOUNT, SUBDOMAIN, settled
from tests.visitor import GATEWAY


@pytest.fixture
def said(seeded_sqlite):
    """Run the command for a site with the gateway on its own ground."""
    settings = settled(seeded_sqlite)
    env = {
        "CONSENTGW_DATA": str(settings.data),
        "CONSENTGW_SECRET": SECRET,
        "CONSENTGW_PUBLIC_URL": GATEWAY,
        "CONSENTGW_HOST": "0.0.0.0",
        "CONSENTGW_PORT": "9000",
    }
    return lambda *words: CliRunner(env=env).invoke(main, ["site", "snippet", *words])


@pytest.mark.parametrize("style", ["inline", "frame"])
def test_what_is_pasted_leads_to_the_gateway_on_the_site_s_own_ground(said, style):
    lines = said("shop", "--style", style, "--lang", "en").output

    assert f"{SUBDOMAIN}/embed/shop" in lines
    assert GATEWAY not in lines
    assert f"{GATEWAY}/embed/news" in said("news", "--style", style, "--lang", "en").output


def test_the_redirect_s_lines_name_the_return_address_and_a_call_that_is_json(said):
    lines = said("shop", "--style", "redirect", "--lang", "en").output

    assert f'href="{GATEWAY}/consent/shop?lang=en&amp;return=basket&amp;state=STATE"' in lines
    assert f"{SHOP}/basket?step=2" in lines
    call = re.search(r"-d '(.*?)'", lines)[1]
    assert json.loads(call) == {"code": "CODE", "name": "basket", "state": "STATE"}
    assert f"{GATEWAY}/v1/sites/shop/return-codes" in lines


def test_nginx_s_lines_hand_the_path_on_and_know_where_the_gateway_listens(said):
    lines = said("shop", "--style", "nginx").output

    assert "location ^~ /consent-gateway/ {" in lines
    assert "proxy_pass http://127.0.0.1:9000/consent-gateway/sites/shop/standing;" in lines
    assert "(__Host-cgf-shop=[^;]+)" in lines
    assert "the server block of shop.example." in lines


def test_caddy_s_lines_do_the_same(said):
    lines = said("shop", "--style", "caddy").output

    assert "handle /consent-gateway/* {" in lines
    assert "rewrite /consent-gateway/release/shop/{args.0}" in lines
    assert "~(__Host-cgf-shop=[^;]+)" in lines


@pytest.mark.parametrize(("style", "missing"), [("nginx", "first_party"), ("caddy", "first_party")])
def test_a_site_without_what_it_takes_is_told_what_to_write(said, style, missing):
    done = said("news", "--style", style)

    assert done.exit_code == 1
    assert missing in done.output
    assert done.output.count("\n") == 1
    assert MOUNT not in done.output


def test_a_language_the_site_does_not_speak_is_told(said):
    assert said("nowhere", "--style", "redirect").exit_code == 1
