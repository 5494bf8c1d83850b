"""Another process beside the one under test."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from consentgw.db import open_database


@pytest.fixture
def postgres_or_same():
    """Open the database once more, as another process would; the embedded file has only the one."""

    @contextmanager
    def other(db, settings):
        if settings.embedded:
            yield db
        else:
            with open_database(settings, clock=db.clock) as beside:
                yield beside

    return other
