"""Settings: everything an installation can choose, read once from ``CONSENTGW_*``.

What is secret can be given as a file instead (``CONSENTGW_SECRET_FILE`` and the like). There is no module-level
instance: whoever needs a setting is handed it.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from consentgw.errors import Misconfigured

SECRET_CHARACTERS = 32
"""The least a secret may have."""
_SECRET = ("secret", "previous_secrets", "database_url", "limits_url", "smtp_url", "oidc_client_secret")
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::(?P<port>[1-9][0-9]{0,4}))?"
)
_POSTGRES = ("postgresql://", "postgres://", "postgresql+psycopg://")


class Settings(BaseSettings):
    """One installation's choices, immutable once read."""

    model_config = SettingsConfigDict(env_prefix="CONSENTGW_", frozen=True, extra="ignore")

    data: Path = Path("data")
    """Folder of the embedded database and of the secret made for it."""
    database_url: str = Field(default="", repr=False)
    """``postgresql://...`` for many processes; empty for the embedded SQLite file in ``data``."""
    database_url_file: Path | None = None
    """A file to read ``database_url`` from, since it may hold a password."""
    secret: SecretStr = SecretStr("")
    """Root of every token, cookie and code; at least 32 characters."""
    secret_file: Path | None = None
    """A file to read ``secret`` from."""
    previous_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Secrets that were replaced, with spaces or line breaks between; what they signed stays valid."""
    previous_secrets_file: Path | None = None
    """A file to read ``previous_secrets`` from."""
    public_url: str = "http://127.0.0.1:8080"
    """The origin under which browsers reach the gateway."""
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    """Processes that serve; more than one needs PostgreSQL."""
    log_format: Literal["plain", "json"] = "plain"
    """``json`` for a log that machines read: one object a line, with the id of the request."""
    metrics: bool = False
    """Tell rates and backlogs at ``/metrics``, for Prometheus; the proxy in front keeps it from the public."""
    traces: bool = False
    """Send a span for every request to OpenTelemetry; where to, the ``OTEL_*`` variables say. Needs the extra."""
    stop_delay_seconds: float = Field(default=0, ge=0, le=60)
    """How long a process that is to stop still answers, while ``/health/ready`` says 503 to load balancers."""
    worker_inside: bool = True
    """Whether the serving processes do the worker's work too; off where ``consentgw worker`` does it beside them."""
    webhooks_to_loopback: bool = False
    """Let webhooks be sent to this machine itself and over plain http; for development and tests, never in service."""
    development: bool = False
    """Allow plain http for the gateway on a name other than localhost."""
    adpc: bool = False
    """Let browsers answer by Advanced Data Protection Control, a draft no browser ships yet."""
    calendar: Path | None = None
    """A TOML file with the days off that a government moved, by country; ``law.deadlines`` reads it."""
    smtp_url: SecretStr = SecretStr("")
    """The mail server, ``smtp+starttls://user:password@mail.example``; without one no letters are written."""
    smtp_url_file: Path | None = None
    """A file to read ``smtp_url`` from, since it may hold a password."""
    mail_from: str = ""
    """The address letters come from."""
    oidc_issuer: str = ""
    """The identity provider where operators sign in, as it names itself; empty for passwords and codes alone."""
    oidc_client_id: str = "consentgw"
    """What we are to the provider."""
    oidc_client_secret: SecretStr = SecretStr("")
    """What it knows us by."""
    oidc_client_secret_file: Path | None = None
    """A file to read ``oidc_client_secret`` from."""
    forwarded_allow_ips: str = ""
    """Addresses of proxies whose ``X-Forwarded-*`` is believed; empty believes nobody."""

    docs: bool = True
    """Show everybody what the API can do, at ``/docs`` and ``/openapi.json``."""
    calls_per_minute: int = Field(default=6_000, ge=1)
    """How many calls to the API one key may make in a minute."""
    limits_url: SecretStr = SecretStr("")
    """``redis://...`` where several processes are to count together how often somebody asks; empty lets each count
    for itself."""
    limits_url_file: Path | None = None
    """A file to read ``limits_url`` from, since it may hold a password."""

    @model_validator(mode="before")
    @classmethod
    def _from_files(cls, given: dict[str, Any]) -> dict[str, Any]:
        for name in _SECRET:
            if file := given.get(f"{name}_file"):
                if given.get(name):
                    raise ValueError(
                        f"CONSENTGW_{name.upper()} and CONSENTGW_{name.upper()}_FILE are both set; keep one"
                    )
                given = {**given, name: _read_secret(Path(file), f"CONSENTGW_{name.upper()}_FILE")}
        return given

    @field_validator("data", mode="before")
    @classmethod
    def _a_folder(cls, value: object) -> object:
        if value == "":  # pathlib would read the folder we happen to stand in
            raise ValueError("name a folder, or leave it out")
        return value

    @field_validator("previous_secrets", mode="before")
    @classmethod
    def _separated(cls, value: object) -> object:
        return value.split() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not _is_origin(self.public_url):
            raise ValueError("CONSENTGW_PUBLIC_URL must be an origin such as https://consent.example")
        host = urlsplit(self.public_url).hostname or ""
        local = host in {"localhost", "127.0.0.1", "::1"} or host.endswith(".localhost")
        if self.public_url.startswith("http:") and not (local or self.development):
            raise ValueError(
                "CONSENTGW_PUBLIC_URL must be https: browsers do not keep our cookie over plain http"
                " (CONSENTGW_DEVELOPMENT=1 allows it)"
            )
        if self.database_url and not self.database_url.startswith(_POSTGRES):
            raise ValueError("CONSENTGW_DATABASE_URL starts with postgresql:// or is left empty")
        if self.oidc_issuer and not self.oidc_issuer.startswith("https://") and not self.development:
            raise ValueError("CONSENTGW_OIDC_ISSUER is an https:// address")
        if self.oidc_issuer and not self.oidc_client_secret.get_secret_value():
            raise ValueError("CONSENTGW_OIDC_CLIENT_SECRET is missing: the identity provider gave you one")
        if self.embedded and self.workers > 1:
            raise ValueError("the embedded database has one process; set CONSENTGW_DATABASE_URL for more workers")
        return self

    @classmethod
    def read(cls, **overrides: object) -> Self:
        """Read the environment; ``overrides`` are stronger.

        Raises:
            Misconfigured: a value is missing, malformed or unsafe; the message names it.
        """
        try:
            return cls(**overrides)  # pyright: ignore[reportArgumentType]
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            name = f"CONSENTGW_{place.upper()}: " if place else ""
            raise Misconfigured(name + first["msg"].removeprefix("Value error, ")) from None

    @property
    def embedded(self) -> bool:
        """Return whether the database is the embedded SQLite file."""
        return not self.database_url

    @property
    def file(self) -> Path:
        """Return the embedded SQLite file."""
        return self.data / "consentgw.db"

    @property
    def without_secret(self) -> bool:
        """Return whether there is no secret, so that an embedded installation would be made one."""
        return self.embedded and not self.secret.get_secret_value() and not self.own_secret.is_file()

    @property
    def own_secret(self) -> Path:
        """Return the file of the secret that is made for an embedded installation."""
        return self.data / "secret"

    def secrets(self) -> tuple[bytes, ...]:
        """Return the secrets, the one to sign with first; make one for an embedded installation without.

        Raises:
            Misconfigured: a secret is missing or too short, or the data folder cannot be written.
        """
        current = self.secret.get_secret_value()
        if not current:
            if not self.embedded:
                raise Misconfigured(
                    "set CONSENTGW_SECRET or CONSENTGW_SECRET_FILE: every process must share one secret"
                )
            current = _own_secret(self.own_secret)
        known = [current, *(secret.get_secret_value() for secret in self.previous_secrets)]
        if any(len(secret) < SECRET_CHARACTERS for secret in known):
            raise Misconfigured(
                f"a secret has at least {SECRET_CHARACTERS} characters; make one with: openssl rand -hex 32"
            )
        return tuple(secret.encode() for secret in known)


def _is_origin(text: str) -> bool:
    """Return whether a browser writes an origin in exactly this way (RFC 6454 section 6.2)."""
    found = _ORIGIN.fullmatch(text)
    default = {"http": "80", "https": "443"}
    return bool(found) and found["port"] != default[found["scheme"]] and int(found["port"] or 1) <= 65_535


def _read_secret(file: Path, setting: str) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"{setting}: cannot read {file}") from None


def _own_secret(file: Path) -> str:
    """Return the secret of an embedded installation, made once and readable by its owner alone.

    It is on the disk, whole, before anything is sealed under it: a power cut must not part the two.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            descriptor, fresh = tempfile.mkstemp(prefix="secret.", dir=file.parent)  # for its owner alone
            with os.fdopen(descriptor, "w", encoding="utf-8") as writing:
                writing.write(secrets.token_hex(32))
                writing.flush()
                os.fsync(writing.fileno())
            try:
                os.link(fresh, file)
            except FileExistsError:
                pass  # another process was first; its secret is the one
            finally:
                Path(fresh).unlink()
            folder = os.open(file.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"cannot keep the secret in {file}: {error}") from None
