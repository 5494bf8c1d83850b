"""What the tests of this room begin from."""

from tests.gateway import (
    aigerim,
    bolat,
    embedded,
    gateway,
    seeded,
    seeded_file,
    seeded_postgres,
    seeded_sqlite,
    seeded_template,
)

__all__ = [
    "aigerim",
    "bolat",
    "embedded",
    "gateway",
    "seeded",
    "seeded_file",
    "seeded_postgres",
    "seeded_sqlite",
    "seeded_template",
]
