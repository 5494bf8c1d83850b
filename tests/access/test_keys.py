"""Keys: how they are written, what they may make, how they are rolled and how they end."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from consentgw.access import model, service, store
from consentgw.access.keyring import Keyring
from consentgw.access.model import Scope
from consentgw.errors import Conflict, Forbidden, Malformed, NotFound, Refused, Unauthenticated

READ, WRITE = frozenset({Scope.KEYS_READ}), frozenset({Scope.KEYS_READ, Scope.KEYS_WRITE})
DAY = timedelta(days=1)


def make(db, scopes=WRITE, **said):
    return db.apply(service.create, "Dana's", scopes, **said)


def test_a_key_is_told_from_text_that_looks_like_one_without_a_database():
    _, key, _ = model.mint()

    assert re.fullmatch(r"cg_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{49}", key)
    assert model.read(key) is not None
    for place in range(len("cg_live_"), len(key)):
        other = "a" if key[place] != "a" else "b"
        assert model.read(key[:place] + other + key[place + 1 :]) is None, place


@given(st.text())
def test_no_other_text_is_a_key(said):
    assert model.read(said) is None
    assert model.read(f"cg_live_{said}") is None


def test_only_the_hash_of_a_key_is_kept(db):
    made = make(db)
    secret = model.read(made.text)[1]

    rows = db.ask(lambda connection: str(connection.execute(text("SELECT * FROM api_keys")).all()))

    assert made.key.id in rows
    assert secret not in rows
    assert secret not in repr(made.key)


def test_a_key_makes_none_that_is_wider_elsewhere_or_outlives_it(db):
    shop = make(db, site="shop", life=30 * DAY).key

    with pytest.raises(Forbidden):
        make(db, WRITE | {Scope.SITES_READ}, site="shop", life=DAY, by=shop)
    with pytest.raises(NotFound):
        make(db, READ, site="news", life=DAY, by=shop)
    with pytest.raises(NotFound):
        make(db, READ, site=None, life=DAY, by=shop)
    with pytest.raises(Forbidden):
        make(db, READ, site="shop", life=31 * DAY, by=shop)
    child = make(db, READ, site="shop", life=30 * DAY, by=shop).key
    assert (child.parent, child.expires_at) == (shop.id, shop.expires_at)
    assert len(db.ask(store.keys)) == 2


@pytest.mark.parametrize(
    ("scopes", "life", "refusal"), [((), DAY, Refused), (WRITE, timedelta(), Malformed), (WRITE, 732 * DAY, Malformed)]
)
def test_a_key_has_a_scope_and_an_end(db, scopes, life, refusal):
    with pytest.raises(refusal):
        make(db, frozenset(scopes), life=life)


@pytest.mark.parametrize(
    ("scopes", "site"), [({Scope.TASKS_READ}, None), ({Scope.TASKS_READ, Scope.REQUESTS_READ}, "shop")]
)
def test_a_processor_s_key_is_for_one_site_s_tasks_and_nothing_else(db, scopes, site):
    with pytest.raises(Refused):
        make(db, frozenset(scopes), site=site, processor="delivery")


def test_the_successor_of_a_processor_s_key_is_that_processor_s_too(db):
    old = make(db, frozenset({Scope.TASKS_READ}), site="shop", processor="delivery").key

    assert db.apply(service.roll, old.id).key.processor == "delivery"


def test_a_key_lives_for_a_year_unless_it_is_said_otherwise(db, clock):
    made = make(db).key

    assert made.expires_at - clock.now == 365 * DAY
    assert made.live(made.expires_at - timedelta(microseconds=1))
    assert not made.live(made.expires_at)


def test_two_of_one_line_live_side_by_side_and_no_third(db, clock):
    old = make(db, site="shop").key
    clock.step(days=300)

    new = db.apply(service.roll, old.id).key

    assert (new.scopes, new.site, new.replaces, new.parent) == (old.scopes, "shop", old.id, None)
    assert new.expires_at - clock.now == 365 * DAY
    assert db.ask(store.key, old.id).expires_at - clock.now == 7 * DAY
    with pytest.raises(Conflict):
        db.apply(service.roll, old.id)
    clock.step(days=8)
    assert not db.ask(store.key, old.id).live(clock.now)
    assert db.apply(service.roll, new.id).key.replaces == new.id


def test_rolling_never_lengthens_a_life_that_ends_sooner(db, clock):
    brief = make(db, life=DAY).key

    db.apply(service.roll, brief.id)

    assert db.ask(store.key, brief.id).expires_at == brief.expires_at


def test_what_is_over_is_not_rolled(db, clock):
    revoked, expired = make(db).key, make(db, life=DAY).key
    db.apply(service.revoke, revoked.id)
    clock.step(days=2)

    for key in (revoked, expired):
        with pytest.raises(Conflict):
            db.apply(service.roll, key.id)


def test_a_revoked_key_takes_with_it_what_it_made_and_not_its_successor(db):
    parent = make(db).key
    child = make(db, READ, life=DAY, by=parent).key
    grandchild = make(db, READ, life=DAY, by=child).key
    successor = db.apply(service.roll, parent.id, by=parent).key

    assert set(db.apply(service.revoke, parent.id)) == {parent.id, child.id, grandchild.id}
    assert db.apply(service.revoke, parent.id) == ()

    assert [key.id for key in db.ask(store.keys) if key.revoked_at is None] == [successor.id]


def test_a_key_acts_on_no_wider_one_and_on_none_of_another_site(db):
    admin, shop, news = make(db, frozenset(Scope)).key, make(db, site="shop").key, make(db, site="news").key
    narrow = make(db).key

    for act in (service.revoke, service.roll):
        with pytest.raises(NotFound):
            db.apply(act, news.id, by=shop)
        with pytest.raises(NotFound):
            db.apply(act, narrow.id, by=shop)
        with pytest.raises(Forbidden):
            db.apply(act, admin.id, by=narrow)
    assert all(key.revoked_at is None for key in db.ask(store.keys))


@pytest.mark.anyio
class TestKeyring:
    async def test_another_process_hears_of_a_revocation_at_its_next_look(self, db):
        made = make(db)
        here = Keyring()
        await here.refresh(db)
        assert here.check(*here.find(made.text), db.clock()).id == made.key.id

        db.apply(service.revoke, made.key.id)
        await here.refresh(db)

        with pytest.raises(Unauthenticated):
            here.check(*here.find(made.text), db.clock())

    async def test_the_id_of_one_key_with_the_secret_of_another_opens_nothing(self, db):
        made, other = make(db), make(db)
        here = Keyring()
        await here.refresh(db)
        body = f"cg_live_{made.key.id}_{model.read(other.text)[1]}"
        forged = body + model._check(body)
        assert model.read(forged) is not None

        with pytest.raises(Unauthenticated):
            here.check(*here.find(forged), db.clock())

    async def test_a_key_ends_at_its_instant_without_a_look(self, db, clock):
        made = make(db, life=DAY)
        here = Keyring()
        await here.refresh(db)

        clock.step(days=1)

        with pytest.raises(Unauthenticated):
            here.check(*here.find(made.text), db.clock())

    async def test_who_has_not_looked_for_a_second_is_stale(self, db):
        here = Keyring()
        assert here.stale
        await here.refresh(db)
        assert not here.stale
        here.read_at -= 1.1
        assert here.stale

    async def test_that_a_key_is_used_is_kept_once_a_day(self, db, clock):
        made = make(db)
        here = Keyring()
        await here.refresh(db)
        commits = db.writer.commits

        for _ in range(5):
            here.check(*here.find(made.text), db.clock())
            await here.refresh(db)
        assert db.writer.commits == commits + 1
        assert db.ask(store.key, made.key.id).used_at.date() == clock.now.date()

        clock.step(days=1)
        here.check(*here.find(made.text), db.clock())
        await here.refresh(db)
        assert db.ask(store.key, made.key.id).used_at.date() == clock.now.date()


def test_nobody_changes_the_trail(db):
    db.apply(service.note, service.CLI, "key create", None, "x")
    own = "INSERT OR REPLACE INTO trail SELECT * FROM trail" if db.embedded else "TRUNCATE trail"

    for statement in ("UPDATE trail SET actor = 'eve'", "DELETE FROM trail", own):
        with pytest.raises(DBAPIError):
            db.apply(lambda unit, statement=statement: unit.connection.execute(text(statement)))

    assert [entry.actor for entry in db.ask(store.entries, None, before=None, limit=9)] == ["cli"]


def test_an_act_that_is_not_kept_leaves_no_entry(db):
    def fail(unit):
        service.note(unit, service.CLI, "nothing", None, "x")
        raise Refused("after all")

    with pytest.raises(Refused):
        db.apply(fail)

    assert db.ask(store.entries, None, before=None, limit=9) == []
