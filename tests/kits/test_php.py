"""The kit for PHP and WordPress, in PHP's own server, against a real gateway."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from consentgw.demo.running import free_port
from tests.client.scripted import CLOSES, DRIPS, DRIPS_HEADERS, HANGS, said, scripted
from tests.kits.house import KITS, PIXEL, House
from tests.kits.journey import (
    SUBJECT,
    Browser,
    keeps_the_answers_of_two_tabs,
    loses_no_refusal,
    stays_open,
    tells_the_story,
)

PLAIN = """<?php
define('CONSENT', ['origin' => getenv('ORIGIN'), 'key' => getenv('KEY'), 'site' => 'shop']);
require getenv('KIT');
session_start();
switch (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    case '/consent': consent_ask();
    case '/consent/back': consent_back();
    case '/who': echo $_SESSION['consent'] ?? 'nobody'; break;
    case '/known': $_SESSION['consent'] = '%(subject)s'; break;
    default: echo '<h1>A shop</h1>', consent_allows('analytics') ? '<img src="%(pixel)s" alt="">' : '';
}
"""
WORDPRESS = """<?php
// What WordPress does with a plugin, in a few lines: hooks at the beginning, shortcodes in the text.
function add_action($name, $do) { $GLOBALS['hooks'][$name][] = $do; }
function add_shortcode($name, $do) { $GLOBALS['shortcodes'][$name] = $do; }
define('CONSENT', ['origin' => getenv('ORIGIN'), 'key' => getenv('KEY'), 'site' => 'shop']);
require getenv('KIT');
foreach ($GLOBALS['hooks']['init'] as $do) { $do(); }
switch (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    case '/who': echo $_SESSION['consent']; break;
    case '/known': $_SESSION['consent'] = '%(subject)s'; break;
    default:
        $text = '<h1>A shop</h1>[consented purposes="analytics"]<img src="%(pixel)s" alt="">[/consented]';
        echo preg_replace_callback('~\\[consented purposes="(.*?)"\\](.*?)\\[/consented\\]~', fn($found) =>
            $GLOBALS['shortcodes']['consented'](['purposes' => $found[1]], $found[2]), $text);
}
"""


@contextmanager
def in_php(folder: Path, router: str, origin: str, key: str) -> Iterator[Browser]:
    """A PHP application in PHP's own server."""
    php = shutil.which("php")
    assert php, (
        "The tests need PHP. Run `./run test`, which installs it where it can; or install the package `php-cli`."
    )
    (folder / "sessions").mkdir()
    (folder / "index.php").write_text(router % {"subject": SUBJECT, "pixel": PIXEL})
    port = free_port()
    settings = ["-d", f"session.save_path={folder / 'sessions'}", "-d", "display_errors=1", "-d", "error_reporting=-1"]
    settings += ["-d", "memory_limit=8M", "-d", "output_buffering=4096"]
    serving = subprocess.Popen(
        [php, *settings, "-S", f"127.0.0.1:{port}", folder / "index.php"],
        env={"ORIGIN": origin, "KEY": key, "KIT": str(KITS / "php" / "consent.php")},
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(port)
        with Browser(at=f"http://127.0.0.1:{port}") as browser:
            yield browser
    finally:
        serving.terminate()
        serving.wait()


def _await(port: int) -> None:
    for _ in range(200):
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("PHP's server does not answer")


@pytest.mark.parametrize("router", [PLAIN, WORDPRESS], ids=["plain", "wordpress"])
def test_a_tag_is_on_the_page_after_a_yes_and_gone_after_its_withdrawal(house: House, tmp_path: Path, router: str):
    with in_php(tmp_path, router, house.origin, house.key) as browser:
        tells_the_story(browser, house)


def test_a_refusal_that_is_lost_on_its_way_is_no_yes(house: House, tmp_path: Path):
    with in_php(tmp_path, PLAIN, house.origin, house.key) as browser:
        loses_no_refusal(browser, house)


def test_two_tabs_that_ask_lose_no_answer(house: House, tmp_path: Path):
    with in_php(tmp_path, PLAIN, house.origin, house.key) as browser:
        keeps_the_answers_of_two_tabs(browser, house)


@pytest.mark.parametrize(
    "answer",
    [
        HANGS,
        CLOSES,
        DRIPS,
        DRIPS_HEADERS,
        (200, {}, b"<h1>nginx</h1>"),
        (500, {}, b""),
        said({"purposes": "yes"}),
        said({"purposes": {"analytics": "yes"}}),
        (200, {}, b"[" * (16 << 20)),
    ],
    ids=["hangs", "closes", "drips", "drips headers", "page", "500", "a word", "words", "no end"],
)
def test_without_an_answer_the_page_is_open_and_its_tags_are_closed(tmp_path: Path, answer: object):
    with scripted(answer) as gateway, in_php(tmp_path, PLAIN, gateway.origin, "k") as browser:
        stays_open(browser)
        assert browser.page() == "<h1>A shop</h1>"


@pytest.mark.parametrize("answer", [said({}), said({"receipt": "x"}), said({"receipt": {"pii_principal_id": [1]}})])
def test_what_is_no_receipt_is_nobody_s_and_says_nothing_on_the_page(tmp_path: Path, answer: object):
    with scripted(answer) as gateway, in_php(tmp_path, PLAIN, gateway.origin, "k") as browser:
        question = urlsplit(browser.leave("/consent"))
        browser.leave(f"/consent/back?code=x&state={parse_qs(question.query)['state'][0]}")

        assert browser.page() == "<h1>A shop</h1>"
        assert browser.page("/who") == "nobody"
