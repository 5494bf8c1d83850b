"""The worker does everything in turn, whatever one step meets, and stops when it is told to."""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from consentgw.db import open_database
from consentgw.errors import Unavailable
from consentgw.worker import Step, Worker, steps
from tests.gateway import running
from tests.test_cli import environment, refused, said

pytestmark = pytest.mark.anyio

SOON = 0.01


class Counted:
    """A step's work that counts its turns and fails in those it is told to."""

    def __init__(self, *failures):
        self.turns = 0
        self.failures = list(failures)
        self.happened = asyncio.Event()

    async def __call__(self, _):
        self.turns += 1
        self.happened.set()
        if self.failures and (failure := self.failures.pop(0)):
            raise failure

    async def reach(self, turns):
        async with asyncio.timeout(20):
            while self.turns < turns:
                self.happened.clear()
                await self.happened.wait()


@asynccontextmanager
async def working(db, *steps):
    worker = Worker(db, steps)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        async with asyncio.timeout(20):
            await task


async def test_every_step_runs_over_and_over_and_stops_when_told(db):
    one, other = Counted(), Counted()

    async with working(db, Step("one", SOON, one, shared=True), Step("other", SOON, other, shared=True)):
        await one.reach(3)
        await other.reach(3)

    turns = one.turns, other.turns
    await asyncio.sleep(5 * SOON)
    assert (one.turns, other.turns) == turns


async def test_a_step_that_fails_is_tried_again_and_stops_no_other(db, caplog):
    failing = Counted(RuntimeError("broken"), Unavailable("the database is away"), RuntimeError("broken"))
    other = Counted()

    async with working(db, Step("letters", SOON, failing, shared=True), Step("other", SOON, other, shared=True)):
        await failing.reach(5)
        await other.reach(3)

    told = [record for record in caplog.records if record.name == "consentgw.worker"]
    assert [record.levelno for record in told] == [logging.ERROR, logging.WARNING]
    assert all("letters" in record.getMessage() for record in told)
    assert told[0].exc_info


async def test_a_slow_step_does_not_hold_up_the_others_and_is_let_finish(db):
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(_):
        begun.set()
        await go_on.wait()
        ended.set()

    quick = Counted()
    async with working(db, Step("slow", SOON, slow, shared=True), Step("quick", SOON, quick, shared=True)) as worker:
        await begun.wait()
        await quick.reach(quick.turns + 3)
        worker.stop()
        asyncio.get_running_loop().call_later(5 * SOON, go_on.set)

    assert ended.is_set()


async def test_what_a_step_leaves_under_way_is_finished(db, caplog):
    finished = []

    async def finish():
        finished.append("letters")

    async def break_():
        raise RuntimeError("broken")

    steps = [Step("broken", SOON, Counted(), True, break_), Step("letters", SOON, Counted(), True, finish)]
    async with working(db, *steps):
        pass

    assert finished == ["letters"]
    assert [record.getMessage() for record in caplog.records] == ["the worker could not finish broken"]


async def test_a_job_for_one_is_done_once_in_its_interval_by_all_workers_together(settings, clock, monkeypatch):
    monkeypatch.setattr("consentgw.worker.LOOK_SECONDS", SOON)
    sweeps = Counted()
    with open_database(settings, clock=clock) as db:
        job = Step("sweep", 60, sweeps)
        async with working(db, job), working(db, job), working(db, job):
            await sweeps.reach(1)
            await asyncio.sleep(10 * SOON)
            assert sweeps.turns == 1
            clock.step(seconds=61)
            await sweeps.reach(2)
            await asyncio.sleep(10 * SOON)
            assert sweeps.turns == 2


def test_the_steps_have_names_of_their_own(sqlite_settings):
    names = [step.name for step in steps(sqlite_settings)]

    assert len(set(names)) == len(names)


async def test_a_gateway_works_by_itself_unless_told_not_to(seeded):
    for inside in (True, False):
        before = asyncio.all_tasks()
        async with running(seeded.model_copy(update={"worker_inside": inside})):
            await asyncio.sleep(SOON)
            names = {task.get_name() for task in asyncio.all_tasks() - before}
            assert (names >= {step.name for step in steps(seeded)}) is inside
        assert asyncio.all_tasks() == before


def test_a_worker_with_another_secret_than_the_gateway_s_ends_with_one_sentence(postgres_settings):
    assert said(environment(postgres_settings), "keys", "rotate")

    told = refused({**environment(postgres_settings), "CONSENTGW_SECRET": "somebody-else-s-secret-" * 2}, "worker")

    assert told == "Error: CONSENTGW_SECRET is not the secret this database was set up with"


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_of_its_own_stops_when_told(postgres_settings, told):
    program = "from consentgw.cli import main; main()"
    worker = subprocess.Popen(
        [sys.executable, "-c", program, "worker"],
        env=environment(postgres_settings), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert "the worker works" in worker.stderr.readline()
        worker.send_signal(told)
        _, rest = worker.communicate(timeout=60)
    finally:
        worker.kill()
        worker.wait()

    assert worker.returncode == 0
    assert rest.splitlines()[-1].endswith("the worker has finished")
    assert len(rest.splitlines()) == 1
