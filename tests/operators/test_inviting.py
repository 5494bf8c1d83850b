"""Inviting from the command line."""

from __future__ import annotations

from click.testing import CliRunner

from consentgw.cli import main
from consentgw.db import open_database
from consentgw.operators import store
from tests.conftest import SECRET
from tests.operators.desk import PASSWORD, SEALER, dana


def test_a_login_that_is_somebody_s_is_not_invited_again(sqlite_settings):
    env = {
        "CONSENTGW_DATA": str(sqlite_settings.data),
        "CONSENTGW_DATABASE_URL": sqlite_settings.database_url,
        "CONSENTGW_SECRET": SECRET,
        "CONSENTGW_PUBLIC_URL": sqlite_settings.public_url,
    }

    def invite():
        return CliRunner(env=env).invoke(main, ["operator", "invite", "dana"])

    assert "/desk/join/" in invite().output
    with open_database(sqlite_settings) as db:
        db.apply(store.add, dana(), SEALER, password=PASSWORD, authenticator="x")

    done = invite()

    assert done.exit_code == 1
    assert "the login is taken" in done.output
    assert "/desk/join/" not in done.output
