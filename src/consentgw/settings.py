"""Settings: everything an installation can choose, read once from ``CONSENTGW_*``.

Every secret can be given as a file instead (``CONSENTGW_SECRET_FILE``). There is no module-level instance:
whoever needs a setting is handed it.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from consentgw.errors import Misconfigured

SECRET_CHARACTERS = 32
"""The least a secret may have."""


class Settings(BaseSettings):
    """One installation's choices, immutable once read."""

    model_config = SettingsConfigDict(env_prefix="CONSENTGW_", frozen=True, extra="ignore")

    data: Path = Path("data")
    """Folder of the embedded database and of the secret made for it."""
    database_url: str = ""
    """``postgresql://...`` for many processes; empty for the embedded SQLite file in ``data``."""
    secret: SecretStr = SecretStr("")
    """Root of every token, cookie and code; at least 32 characters."""
    secret_file: Path | None = None
    """A file to read ``secret`` from."""
    previous_secrets: tuple[SecretStr, ...] = ()
    """Secrets that were replaced; what they signed stays valid."""
    public_url: str = "http://127.0.0.1:8080"
    """The origin under which browsers reach the gateway."""
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    """Processes that serve; more than one needs PostgreSQL."""
    development: bool = False
    """Allow plain http for the gateway on a name other than localhost."""
    forwarded_allow_ips: str = ""
    """Addresses of proxies whose ``X-Forwarded-*`` is believed; empty believes nobody."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        url = urlsplit(self.public_url)
        if url.scheme not in {"http", "https"} or not url.hostname or url.path or url.query or url.fragment:
            raise ValueError("CONSENTGW_PUBLIC_URL must be an origin such as https://consent.example")
        local = url.hostname in {"localhost", "127.0.0.1", "::1"} or url.hostname.endswith(".localhost")
        if url.scheme == "http" and not (local or self.development):
            raise ValueError(
                "CONSENTGW_PUBLIC_URL must be https: browsers do not keep our cookie over plain http"
                " (CONSENTGW_DEVELOPMENT=1 allows it)"
            )
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
        return not self.database_url or self.database_url.startswith("sqlite")

    @property
    def sqlalchemy_url(self) -> str:
        """Return the database address as SQLAlchemy writes it.

        Raises:
            Misconfigured: the address is neither SQLite nor PostgreSQL.
        """
        if not self.database_url:
            return f"sqlite:///{self.data / 'consentgw.db'}"
        scheme, _, rest = self.database_url.partition("://")
        if scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
            return f"postgresql+psycopg://{rest}"
        if scheme == "sqlite":
            return self.database_url
        raise Misconfigured("CONSENTGW_DATABASE_URL starts with postgresql:// or is left empty")

    def secrets(self) -> tuple[bytes, ...]:
        """Return the secrets, the one to sign with first; make one for an embedded installation without.

        Raises:
            Misconfigured: a secret is missing, too short, or its file cannot be read.
        """
        current = self.secret.get_secret_value()
        if not current and self.secret_file:
            current = _read_secret(self.secret_file)
        if not current:
            if not self.embedded:
                raise Misconfigured(
                    "set CONSENTGW_SECRET or CONSENTGW_SECRET_FILE: every process must share one secret"
                )
            current = _own_secret(self.data / "secret")
        known = [current, *(secret.get_secret_value() for secret in self.previous_secrets)]
        if any(len(secret) < SECRET_CHARACTERS for secret in known):
            raise Misconfigured(
                f"a secret has at least {SECRET_CHARACTERS} characters; make one with: openssl rand -hex 32"
            )
        return tuple(secret.encode() for secret in known)


def _read_secret(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"CONSENTGW_SECRET_FILE: cannot read {file}") from error


def _own_secret(file: Path) -> str:
    """Return the secret of an embedded installation, made once and readable by its owner alone."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as fresh:
            fresh.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    except OSError as error:
        raise Misconfigured(f"cannot write to the data folder {file.parent}: {error.strerror}") from error
    return _read_secret(file)
