"""Settings: read from the environment, refused in one sentence, silent about what is secret."""

from __future__ import annotations

import os
import stat
import threading

import pytest
from pydantic import ValidationError

from consentgw.errors import Misconfigured
from consentgw.settings import Settings

SECRET = "s" * 31 + "1"
OLDER = "o" * 32
POSTGRES = "postgresql://dana:hunter2@db.example/consent"

EVERY = {
    "data": "/srv/consent",
    "database_url": POSTGRES,
    "database_url_file": None,
    "secret": SECRET,
    "secret_file": None,
    "previous_secrets": OLDER,
    "previous_secrets_file": None,
    "public_url": "https://consent.example",
    "host": "0.0.0.0",
    "port": "9000",
    "workers": "4",
    "log_format": "json",
    "metrics": "1",
    "traces": "1",
    "stop_delay_seconds": "5",
    "worker_inside": "0",
    "webhooks_to_loopback": "1",
    "development": "1",
    "adpc": "1",
    "calendar": "/etc/consent/moved.toml",
    "smtp_url": "smtp+starttls://user:hunter2@mail.example",
    "smtp_url_file": None,
    "mail_from": "privacy@consent.example",
    "docs": "0",
    "calls_per_minute": "60",
    "limits_url": "redis://:hunter2@cache.example",
    "limits_url_file": None,
    "forwarded_allow_ips": "10.0.0.1",
    "oidc_issuer": "https://id.example",
    "oidc_client_id": "desk",
    "oidc_client_secret": "hunter2",
    "oidc_client_secret_file": None,
}


@pytest.fixture
def environment(monkeypatch):
    """Set variables."""

    def give(**values):
        for name, value in values.items():
            if value is not None:
                monkeypatch.setenv(f"CONSENTGW_{name.upper()}", str(value))

    return give


def refusal(**overrides):
    with pytest.raises(Misconfigured) as caught:
        Settings.read(**overrides).secrets()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert SECRET not in sentence
    assert "hunter2" not in sentence
    return sentence


def test_an_empty_environment_is_a_gateway_to_try_out():
    settings = Settings.read()

    assert settings.embedded
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.file.name == "consentgw.db"


def test_every_setting_is_read_from_its_variable(environment):
    assert set(EVERY) == set(Settings.model_fields), "a new setting is tested, too"
    environment(**EVERY)

    settings = Settings.read()

    assert str(settings.data) == "/srv/consent"
    assert settings.database_url == POSTGRES
    assert not settings.embedded
    assert settings.secrets() == (SECRET.encode(), OLDER.encode())
    assert settings.public_url == "https://consent.example"
    assert (settings.host, settings.port, settings.workers) == ("0.0.0.0", 9000, 4)
    assert settings.development
    assert settings.log_format == "json"
    assert settings.metrics
    assert settings.traces
    assert settings.stop_delay_seconds == 5
    assert not settings.worker_inside
    assert settings.webhooks_to_loopback
    assert settings.adpc
    assert str(settings.calendar) == "/etc/consent/moved.toml"
    assert settings.forwarded_allow_ips == "10.0.0.1"
    assert settings.smtp_url.get_secret_value() == EVERY["smtp_url"]
    assert settings.mail_from == "privacy@consent.example"
    assert (settings.oidc_issuer, settings.oidc_client_id) == ("https://id.example", "desk")
    assert settings.oidc_client_secret.get_secret_value() == "hunter2"
    assert not settings.docs
    assert settings.calls_per_minute == 60
    assert settings.limits_url.get_secret_value() == EVERY["limits_url"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"oidc_issuer": "http://id.example", "oidc_client_secret": "x"}, "CONSENTGW_OIDC_ISSUER"),
        ({"oidc_issuer": "https://id.example"}, "CONSENTGW_OIDC_CLIENT_SECRET"),
    ],
)
def test_an_identity_provider_is_reached_safely_and_knows_us(given, says):
    assert says in refusal(**given)


def test_what_is_secret_can_stand_in_files(environment, tmp_path):
    for name, text in {
        "secret": f"{SECRET}\n",
        "previous_secrets": f"{OLDER}\n{OLDER}2\n",
        "database_url": POSTGRES,
    }.items():
        (tmp_path / name).write_text(text)
        environment(**{f"{name}_file": tmp_path / name})

    settings = Settings.read()

    assert settings.secrets() == (SECRET.encode(), OLDER.encode(), f"{OLDER}2".encode())
    assert settings.database_url == POSTGRES


def test_what_is_given_by_hand_is_stronger_than_the_environment(environment):
    environment(port=9000, host="0.0.0.0")

    settings = Settings.read(port=1)

    assert (settings.port, settings.host) == (1, "0.0.0.0")


def test_settings_are_never_changed():
    with pytest.raises(ValidationError):
        Settings.read().port = 1


def test_nothing_secret_is_ever_printed(environment):
    environment(**EVERY)
    settings = Settings.read()

    for text in (repr(settings), str(settings), f"{settings}"):
        for word in (SECRET, OLDER, "hunter2"):
            assert word not in text
        assert "consent.example" in text


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"port": "eighty"}, "CONSENTGW_PORT: "),
        ({"port": "65536"}, "CONSENTGW_PORT: "),
        ({"port": "-1"}, "CONSENTGW_PORT: "),
        ({"data": ""}, "CONSENTGW_DATA: name a folder, or leave it out"),
        ({"workers": "0"}, "CONSENTGW_WORKERS: "),
        ({"workers": "2"}, "the embedded database has one process; set CONSENTGW_DATABASE_URL"),
        ({"development": "perhaps"}, "CONSENTGW_DEVELOPMENT: "),
        ({"database_url": "mysql://dana:hunter2@db/x"}, "CONSENTGW_DATABASE_URL starts with postgresql://"),
        ({"database_url": "sqlite:///other.db"}, "CONSENTGW_DATABASE_URL starts with postgresql://"),
        ({"database_url": "db.example"}, "CONSENTGW_DATABASE_URL starts with postgresql://"),
        ({"database_url": POSTGRES}, "set CONSENTGW_SECRET or CONSENTGW_SECRET_FILE: every process must share"),
        ({"database_url": POSTGRES, "secret": "short"}, "a secret has at least 32 characters"),
        ({"secret": "s" * 31}, "a secret has at least 32 characters"),
        ({"secret": SECRET, "previous_secrets": "short"}, "a secret has at least 32 characters"),
        ({"secret_file": "/nowhere/secret"}, "CONSENTGW_SECRET_FILE: cannot read /nowhere/secret"),
        ({"database_url_file": "/nowhere/url"}, "CONSENTGW_DATABASE_URL_FILE: cannot read /nowhere/url"),
        ({"secret": SECRET, "secret_file": "/nowhere"}, "CONSENTGW_SECRET and CONSENTGW_SECRET_FILE are both set"),
        ({"data": "/proc/consentgw"}, "cannot keep the secret in /proc/consentgw/secret: "),
        ({"public_url": "http://consent.example"}, "CONSENTGW_PUBLIC_URL must be https"),
        ({"public_url": "http://localhost.example"}, "CONSENTGW_PUBLIC_URL must be https"),
        ({"public_url": "http://10.0.0.1"}, "CONSENTGW_PUBLIC_URL must be https"),
    ],
)
def test_what_is_missing_or_unsafe_is_refused_in_one_sentence_that_names_it(environment, given, sentence):
    environment(**given)

    assert refusal().startswith(sentence)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "consent.example",
        "https://",
        "https://consent.example/",
        "https://consent.example/gateway",
        "https://consent.example?x",
        "https://consent.example#x",
        "https://dana:hunter2@consent.example",
        "https://Consent.example",
        "HTTPS://consent.example",
        "https://consent.example:443",
        "http://localhost:80",
        "https://consent.example:",
        "https://consent.example:99999",
        "https://consent.example; script-src *",
        "https://consent.example\n",
        "https://согласие.example",
        "https://[::1",
        "ftp://consent.example",
    ],
)
def test_what_no_browser_would_send_as_our_origin_is_refused(url):
    assert refusal(public_url=url) == "CONSENTGW_PUBLIC_URL must be an origin such as https://consent.example"


@pytest.mark.parametrize(
    "url",
    [
        "https://consent.example",
        "https://consent.example:8443",
        "http://localhost:8080",
        "http://gateway.localhost:8080",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
    ],
)
def test_an_origin_that_keeps_our_cookie_is_taken(url):
    assert Settings.read(public_url=url).public_url == url


def test_development_takes_plain_http():
    assert Settings.read(public_url="http://10.0.0.1:8080", development=True).public_url == "http://10.0.0.1:8080"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_has_many_names(scheme):
    assert not Settings.read(database_url=f"{scheme}://db/x", secret=SECRET).embedded


def test_the_embedded_gateway_makes_its_secret_once_for_its_owner_alone(tmp_path):
    settings = Settings.read(data=tmp_path / "data")
    umask = os.umask(0)
    try:
        first = settings.secrets()
    finally:
        os.umask(umask)

    assert len(first[0]) == 64
    assert settings.secrets() == first
    assert [file.name for file in settings.data.iterdir()] == ["secret"]
    assert stat.S_IMODE((settings.data / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.data.stat().st_mode) == 0o700
    assert Settings.read(data=tmp_path / "other").secrets() != first


def test_processes_that_start_together_agree_on_the_secret(tmp_path):
    settings = Settings.read(data=tmp_path / "data")
    agreed = []
    start = threading.Barrier(8)

    def ask():
        start.wait()
        agreed.append(settings.secrets())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(agreed) == 8
    assert len(set(agreed)) == 1


def test_a_secret_file_with_nothing_in_it_is_refused(tmp_path):
    (tmp_path / "secret").touch()

    assert refusal(data=tmp_path).startswith("a secret has at least 32 characters")
    assert refusal(secret_file=tmp_path / "secret", database_url=POSTGRES).startswith("set CONSENTGW_SECRET")
