"""The demo's data, and the one command."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from consentgw.db import open_database
from consentgw.db.database import utc_now
from consentgw.db.migrations import upgrade
from consentgw.demo import Addresses, opened, run
from consentgw.demo.running import free_port
from consentgw.demo.seeds import partners_at
from consentgw.errors import Misconfigured
from consentgw.notices import store as notices
from consentgw.policies import store as policies
from consentgw.settings import Settings
from consentgw.sites import store as sites

COMMAND = Path(sys.executable).with_name("consentgw")


def state(data: Path, port: int) -> dict[str, object]:
    """Return what each site of a data folder is, asks and has in force."""
    with open_database(Settings.read(data=data, public_url=Addresses(port).gateway)) as db:

        def read(connection):
            return {
                site.slug: (
                    site,
                    questions := notices.questions_of(connection, site.slug),
                    notices.latest(connection, site.slug, questions[1]),
                    policies.in_force(connection, site.slug, utc_now()).version,
                )
                for site in sites.everyone(connection)
            }

        return db.ask(read)


def test_a_fresh_folder_gets_every_partner_each_with_its_operator_style_and_policy(tmp_path):
    opened(8080, tmp_path)
    found = state(tmp_path, 8080)

    assert sorted(found) == ["cafe", "club", "news", "shop"]
    shop, (purposes, tags), asked, version = found["shop"]
    assert shop.languages == ("kk", "ru", "en")
    assert shop.origins == {"http://shop.localhost:8080"}
    assert [purpose.key for purpose in purposes] == ["necessary", "analytics", "marketing"]
    assert set(asked.current) == {"kk", "ru", "en"}
    assert re.fullmatch(r"shop-\d{4}-\d\d-\d\d", version)
    assert all(a.startswith("http://vendor.localhost:8080/") for tag in tags for a in tag.addresses.values())
    assert shop.operator != found["news"][0].operator
    assert (shop.style, found["news"][0].style) == ("inline", "frame")
    club, cafe = found["club"], found["cafe"]
    assert club[0].operator == cafe[0].operator
    assert club[0].returns == {"done": "http://club.localhost:8080/after-consent"}
    assert {site.slug for site in club[2].shared["en"].covers} == {"club", "cafe"}
    assert club[2].shared["en"].shown == cafe[2].shared["en"].shown


def test_opening_a_folder_again_changes_nothing(tmp_path):
    opened(8080, tmp_path)
    first = state(tmp_path, 8080)
    opened(8080, tmp_path)

    assert state(tmp_path, 8080) == first


def test_on_another_port_the_same_policy_and_the_same_answers_stand(tmp_path):
    opened(8080, tmp_path)
    first = state(tmp_path, 8080)
    opened(9090, tmp_path)
    second = state(tmp_path, 9090)

    for slug in ("shop", "news", "club", "cafe"):
        assert second[slug][3] == first[slug][3]
        assert second[slug][2].number == first[slug][2].number
        assert second[slug][2].answerable >= first[slug][2].answerable
        assert second[slug][0].origins == {f"http://{slug}.localhost:9090"}


def test_a_folder_of_an_installation_is_left_alone(tmp_path):
    settings = Settings.read(data=tmp_path, public_url="https://consent.example")
    upgrade(settings)
    theirs = next(one for one in partners_at(Addresses(8080)) if one.slug == "shop").configuration.site
    with open_database(settings) as db:
        db.apply(sites.keep, replace(theirs, operator=replace(theirs.operator, name="Somebody")))

    with pytest.raises(Misconfigured, match="choose another folder"):
        opened(8080, tmp_path)
    with open_database(settings) as db:
        assert [site.operator.name for site in db.ask(sites.everyone)] == ["Somebody"]


def test_the_settings_of_an_installation_do_not_reach_the_demo(tmp_path, monkeypatch):
    monkeypatch.setenv("CONSENTGW_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("CONSENTGW_WORKERS", "4")
    monkeypatch.setenv("CONSENTGW_PUBLIC_URL", "https://consent.example")
    opened(8080, tmp_path)

    assert (tmp_path / "consentgw.db").is_file()


def test_a_port_that_is_taken_is_said_in_one_sentence_before_anything_is_made(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Misconfigured, match=f"port {port} .* is taken"):
            run(port, tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_where_everything_is_keeps_its_folder_and_stops_when_asked(tmp_path, sent):
    port, data = free_port(), tmp_path / "data"
    command = [COMMAND, "demo", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said = ""
    while "Ctrl-C" not in said:
        line = process.stdout.readline()
        assert line, process.communicate()
        said += line
    for name in ("gateway", "shop", "news", "club", "vendor"):
        assert f"http://{name}.localhost:{port}/" in said
    assert str(data) in said
    second = subprocess.run([*command[:-1], str(tmp_path / "other")], capture_output=True, text=True, check=False)
    os.kill(process.pid, sent)
    rest, complaints = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "stopped" in rest
    assert complaints == ""
    assert (data / "consentgw.db").is_file()
    assert second.returncode == 1
    assert second.stderr.startswith("Error: port")
    assert second.stderr.count("\n") == 1
