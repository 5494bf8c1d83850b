"""What this code knows of its own history without asking Alembic is what Alembic knows."""

from __future__ import annotations

import subprocess
import sys

from alembic.config import Config
from alembic.script import ScriptDirectory

from consentgw.db import migrations
from consentgw.resources import folder


def test_the_revisions_are_those_alembic_finds_in_one_line():
    config = Config()
    config.set_main_option("script_location", str(folder("migrations")))
    scripts = ScriptDirectory.from_config(config)

    assert migrations.head() == scripts.get_current_head()
    assert migrations.known() == {script.revision for script in scripts.walk_revisions()}


def test_a_gateway_starts_without_loading_alembic():
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, consentgw.app; print('alembic' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert loaded.stdout.strip() == "False"
