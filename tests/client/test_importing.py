"""The client is light: a partner's application loads nothing of the server by importing it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import consentgw.client
loaded = {name.split(".")[0] for name in sys.modules}
ours = {name for name in sys.modules if name.startswith("consentgw")}
heavy = loaded & {"fastapi", "starlette", "sqlalchemy", "uvicorn", "jinja2", "alembic", "pydantic", "holidays"}
assert not heavy, heavy
assert all(name == "consentgw" or name.startswith("consentgw.client") for name in ours), ours
"""


def test_importing_the_client_loads_neither_the_server_nor_our_other_rooms():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=60)
