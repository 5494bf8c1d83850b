"""Joining, signing in and out, on both databases."""

from __future__ import annotations

import asyncio

import pytest

from consentgw.access import store as access
from consentgw.errors import Conflict, NotFound, Unauthenticated
from consentgw.operators import service, store
from consentgw.operators.model import IDLE, LONGEST, PROVEN, Role
from consentgw.operators.provider import Arrived
from consentgw.operators.store import Elsewhere
from tests.operators.desk import SEALER, code, dana, joined

pytestmark = pytest.mark.anyio


def trail(db):
    return [(entry.actor, entry.act) for entry in db.ask(access.entries, None, before=None, limit=100)]


async def test_whoever_joins_is_signed_in_and_stands_in_the_trail(db):
    operator, _, given = await joined(db)

    assert (await db.read(store.session, given.token)).operator == operator
    assert trail(db) == [(f"operator:{operator.id}", "operator.join")]


async def test_an_invitation_is_taken_up_once(db):
    operator, _, _ = await joined(db)

    with pytest.raises(Conflict):
        await joined(db, operator)


async def test_a_login_is_one_person_s(db):
    await joined(db)

    with pytest.raises(Conflict):
        await joined(db, dana())


async def test_a_code_lets_in_once_even_when_many_send_it_at_once(db, clock):
    operator, secret, _ = await joined(db)
    account = await db.read(store.account, "dana", SEALER)
    now = code(secret, clock.now.timestamp())

    tries = await asyncio.gather(*(db.write(service.sign_in, account, now) for _ in range(20)), return_exceptions=True)

    assert sum(isinstance(one, str) for one in tries) == 1
    assert sum(isinstance(one, Unauthenticated) for one in tries) == 19
    assert trail(db).count((f"operator:{operator.id}", "operator.sign_in")) == 1


async def test_an_earlier_code_does_not_count_after_a_later_one(db, clock):
    _, secret, _ = await joined(db)
    account = await db.read(store.account, "dana", SEALER)
    await db.write(service.sign_in, account, code(secret, clock.now.timestamp()))

    with pytest.raises(Unauthenticated):
        await db.write(service.sign_in, account, code(secret, clock.now.timestamp() - 30))
    assert await db.write(service.sign_in, account, code(secret, clock.now.timestamp() + 30))


async def test_a_recovery_code_lets_in_once(db):
    _, _, given = await joined(db)
    account = await db.read(store.account, "dana", SEALER)

    assert await db.write(service.sign_in, account, given.recovery_codes[3].lower())
    with pytest.raises(Unauthenticated):
        await db.write(service.sign_in, account, given.recovery_codes[3])
    assert await db.write(service.sign_in, account, given.recovery_codes[4])


async def test_nobody_s_recovery_code_opens_for_somebody_else(db):
    _, _, given = await joined(db)
    await joined(db, dana(login="erlan"))
    erlan = await db.read(store.account, "erlan", SEALER)

    with pytest.raises(Unauthenticated):
        await db.write(service.sign_in, erlan, given.recovery_codes[0])


async def test_proving_who_is_there_changes_the_session_s_token(db, clock):
    _, secret, given = await joined(db)
    clock.step(minutes=11)
    account = await db.read(store.account, "dana", SEALER)

    fresh = await db.write(service.sign_in, account, code(secret, clock.now.timestamp()), replaces=given.token)

    assert await db.read(store.session, given.token) is None
    assert (await db.read(store.session, fresh)).proven(clock.now)


async def test_signing_out_ends_the_session_on_the_server(db):
    operator, _, given = await joined(db)

    await db.write(service.sign_out, given.token, operator)

    assert await db.read(store.session, given.token) is None


async def test_who_is_dismissed_is_out_at_once_and_the_login_is_free_again(db):
    _, _, given = await joined(db)

    await db.write(service.dismiss, "dana", "cli")

    assert await db.read(store.session, given.token) is None
    assert await db.read(store.account, "dana", SEALER) is None
    await joined(db, dana(role=Role.VIEWER))
    with pytest.raises(NotFound):
        await db.write(service.dismiss, "erlan", "cli")


async def test_somebody_of_the_identity_provider_joins_once_and_is_known_again(db):
    who = Elsewhere("https://id.example", "248289761001")
    operator = dana()
    await db.write(service.join_elsewhere, operator, SEALER, Arrived(who, "", None))

    assert await db.read(store.known, who) == operator
    assert await db.read(store.known, Elsewhere("https://other.example", "248289761001")) is None
    with pytest.raises(Conflict):
        await db.write(service.join_elsewhere, dana(login="again"), SEALER, Arrived(who, "", None))
    account = await db.read(store.account, "dana", SEALER)
    with pytest.raises(Unauthenticated):
        await db.write(service.sign_in, account, "")


async def test_who_was_dismissed_may_be_invited_again_and_join_elsewhere_as_before(db):
    who = Elsewhere("https://id.example", "248289761001")
    await db.write(service.join_elsewhere, dana(), SEALER, Arrived(who, "", None))
    await db.write(service.dismiss, "dana", "cli")
    again = dana()

    assert await db.read(store.known, who) is None
    await db.write(service.join_elsewhere, again, SEALER, Arrived(who, "", None))
    assert await db.read(store.known, who) == again


async def test_somebody_dismissed_while_signing_in_is_not_let_in(db, clock):
    _, secret, _ = await joined(db)
    account = await db.read(store.account, "dana", SEALER)
    await db.write(service.dismiss, "dana", "cli")

    token = await db.write(service.sign_in, account, code(secret, clock.now.timestamp()))

    assert await db.read(store.session, token) is None


async def test_a_session_begun_elsewhere_is_proven_since_the_proof_given_there(db, clock):
    who, operator = Elsewhere("https://id.example", "248289761001"), dana()
    first = await db.write(service.join_elsewhere, operator, SEALER, Arrived(who, "", clock.now))
    stale = await db.write(service.let_in, operator, clock.now - PROVEN)
    unsaid = await db.write(service.let_in, operator, None)

    assert [(await db.read(store.session, token)).proven(clock.now) for token in (first, stale, unsaid)] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("over", [IDLE, LONGEST])
async def test_sessions_that_have_ended_are_swept_and_no_other(db, clock, over):
    _, _, old = await joined(db)
    clock.now += over
    _, _, young = await joined(db, dana(login="erlan"))

    await service.forget_sessions(db)
    assert await db.read(store.session, old.token) is None
    assert await db.read(store.session, young.token)


async def test_the_database_holds_no_secret_of_hers_in_clear(db):
    _, secret, given = await joined(db)

    rows = db.ask(
        lambda connection: [
            tuple(row)
            for table in ("operators", "sessions", "recovery_codes")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
    )
    kept = repr(rows)
    assert secret not in kept
    assert given.token not in kept
    assert not [one for one in given.recovery_codes if one in kept or one.replace("-", "") in kept]
