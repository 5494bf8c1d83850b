"""What Schemathesis cannot know from the document; it loads this module before it sends anything."""

from __future__ import annotations

import os
import re
from typing import Any
from uuid import uuid4

import schemathesis

OWN_KEY = os.environ.get("FUZZ_KEY_ID", "")
"""The key that every request is sent with: revoked, it would end the run."""
NOBODYS_KEY = "0000000000"
_WORD = re.compile(r"[A-Za-z0-9_.:~+/=-]{1,255}")


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Give every valid request an idempotency key of its own: two requests with one key are refused, and rightly.

    And mend what it holds for a valid condition: where a header may be left out it writes 0, whatever the pattern says.
    """
    if (case.path_parameters or {}).get("key") == OWN_KEY:
        case.path_parameters["key"] = NOBODYS_KEY
    known = (case.headers or {}).get("Idempotency-Key")
    valid = case.meta is None or not case.meta.generation.mode.is_negative
    if valid and isinstance(known, str) and _WORD.fullmatch(known):
        case.headers["Idempotency-Key"] = f"{known[:200]}{uuid4().hex}"
    if valid and (case.headers or {}).get("If-Match") == "0":
        case.headers["If-Match"] = "*"
