"""Calls to copy do what they say: the command and the program send the same request."""

from __future__ import annotations

import html
import json
import re
import subprocess
from itertools import pairwise

import httpx
import pytest

from consentgw.http.reference import samples
from consentgw.http.reference.highlight import highlight

ADDRESS = "https://consent.example/v1/sites/shop/receipts"
BODY = {"text": 'it\'s "so" {$HOME}\n', "yes": True, "none": None, "list": [1, {"a": []}], "empty": {}}


def calls(method="POST", query=None, headers=None, content=None, key=True):
    made = samples.calls(method, ADDRESS, query=query or {}, headers=headers or {}, content=content, key=key)
    return {sample.title: _plain(sample.code) for sample in made}


def _plain(code):
    return html.unescape(re.sub(r"<[^>]+>", "", code))


def ran(program, monkeypatch):
    """Run a program with a server in its place, and return the request it sent."""
    sent = []

    def answer(request):
        sent.append(request)
        return httpx.Response(200, text="kept")

    client = httpx.Client(transport=httpx.MockTransport(answer))
    for method in ("get", "post"):
        monkeypatch.setattr(httpx, method, getattr(client, method))
    monkeypatch.setenv("CONSENTGW_KEY", "k3y")
    exec(program, {})
    return sent[0]


def typed(command):
    """Return the words a shell makes of a command."""
    script = f"curl() {{ printf '%s\\0' curl \"$@\"; }}\n{command}"
    shell = subprocess.run(["bash", "-euc", script], env={"CONSENTGW_KEY": "k3y"}, capture_output=True, text=True)
    return shell.stdout.split("\0")[:-1]


@pytest.mark.parametrize("content", [("application/json", BODY), ("text/plain", "it's\nso"), None])
def test_the_program_and_the_command_send_the_same_request(content, monkeypatch, capsys):
    given = calls(query={"limit": 5, "q": "a b&c"}, headers={"Idempotency-Key": '"8e03"'}, content=content)

    request = ran(given["Python"], monkeypatch)

    assert capsys.readouterr().out == "kept\n"
    command = typed(given["curl"])
    headers = dict(word.split(": ", 1) for flag, word in pairwise(command) if flag == "-H")
    assert command[:3] == ["curl", "-X", "POST"]
    assert httpx.URL(command[3]) == request.url
    assert {name: request.headers[name] for name in headers} == headers
    assert headers["Authorization"] == "Bearer k3y"
    if content:
        data = command[command.index("-d") + 1]
        if content[0] == "application/json":
            assert json.loads(data) == json.loads(request.content) == BODY
        else:
            assert data == request.content.decode() == "it's\nso"


def test_a_call_that_needs_no_key_carries_none():
    for code in calls("GET", key=False).values():
        assert "Authorization" not in code
        assert "environ" not in code


def test_a_path_is_filled_and_what_has_no_value_stays():
    assert samples.fill("/v1/{site}/{id}", {"site": "a/b"}) == "/v1/a%2Fb/{id}"


def test_colours_change_no_character_and_let_no_markup_through():
    code = '<u> = {"a": "<b>", "n": -1.5e, "t": true} # it\'s <i>\n$KEY \'q\' "open'

    assert _plain(highlight(code)) == code
    assert not re.search("<[bui]>", highlight(code))
    assert '<span class="name">&#34;a&#34;</span>' in highlight(code)
    assert '<span class="string">&#34;&lt;b&gt;&#34;</span>' in highlight(code)
