"""Two processes write one ledger: whoever reads on from the last number he saw misses nothing."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from itertools import pairwise

import pytest
from sqlalchemy import text

from consentgw.db import open_database
from tests.db import notes

EACH = 150


def create(unit):
    unit.connection.exec_driver_sql("CREATE TABLE lines (sequence BIGINT GENERATED ALWAYS AS IDENTITY, word TEXT)")


def add(unit, word):
    """Take a number, then dawdle: a commit that overtakes another would be seen."""
    unit.connection.execute(text("INSERT INTO lines (word) VALUES (:word)"), {"word": word})
    time.sleep(random.uniform(0, 0.002))


@pytest.mark.parametrize("chunk", [1, 10])
def test_a_reader_who_reads_on_never_misses_a_line_while_two_processes_write(postgres_settings, chunk):
    seen: list[tuple[int, str]] = []
    done = threading.Event()

    def follow():
        with notes.stranger(postgres_settings) as connection:
            while True:
                last_look = done.is_set()
                after = seen[-1][0] if seen else 0
                query = "SELECT sequence, word FROM lines WHERE sequence > %s ORDER BY sequence"
                seen.extend(connection.execute(query, (after,)).fetchall())
                if last_look:
                    return

    async def write(db, name):
        for start in range(0, EACH, chunk):
            await asyncio.gather(*(db.write(add, f"{name}-{number}") for number in range(start, start + chunk)))

    with open_database(postgres_settings) as one, open_database(postgres_settings) as other:
        one.apply(create)
        reader = threading.Thread(target=follow)
        writers = [
            threading.Thread(target=lambda db=db, name=name: asyncio.run(write(db, name)))
            for db, name in ((one, "one"), (other, "other"))
        ]
        for thread in (reader, *writers):
            thread.start()
        for thread in writers:
            thread.join()
        done.set()
        reader.join()

    assert sorted(word for _, word in seen) == sorted(f"{name}-{n}" for name in ("one", "other") for n in range(EACH))
    turns = sum(a[1].split("-")[0] != b[1].split("-")[0] for a, b in pairwise(seen))
    assert turns > EACH / chunk / 5, "the two took turns"
