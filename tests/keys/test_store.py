"""The life of signing keys."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from consentgw.errors import Misconfigured, NotFound
from consentgw.keys import model, service, store
from consentgw.keys.model import derive, verify
from consentgw.keys.tables import keys
from tests.db import notes

OLD, NEW, OTHER = (derive((secret * 32,), "keys") for secret in (b"o", b"n", b"x"))
KIND = "consent-receipt+jws"


def sign(signer, payload=b'{"a":1}'):
    return model.compact(payload, signer.kid, KIND, signer.sign(payload, KIND))


def test_the_first_start_makes_a_key_and_every_later_one_finds_it(db):
    with pytest.raises(NotFound):
        db.ask(store.signer, OLD)

    first = db.apply(service.ensure, OLD)
    again = db.apply(service.ensure, OLD)

    assert first.kid == again.kid
    assert first.private.private_bytes_raw() == again.private.private_bytes_raw()
    assert len(db.ask(store.published)) == 1


def test_what_a_key_signed_is_verified_with_what_is_published(db):
    signer = db.apply(service.ensure, OLD)

    assert verify(sign(signer), {"keys": db.ask(store.published)}, KIND) == {"a": 1}


def test_another_secret_opens_no_key_and_makes_no_new_one(db):
    db.apply(service.ensure, OLD)

    with pytest.raises(Misconfigured, match="CONSENTGW_SECRET is not the secret"):
        db.apply(service.ensure, OTHER)
    assert len(db.ask(store.published)) == 1


def test_a_replaced_secret_still_opens_the_key(db):
    first = db.apply(service.ensure, OLD)

    assert db.apply(service.ensure, NEW + OLD).kid == first.kid


def test_a_retired_key_signs_no_more_and_verifies_for_ever(db, clock):
    old = db.apply(service.ensure, OLD)
    receipt = sign(old)
    clock.step(days=1)
    db.apply(lambda unit: unit.connection.execute(update(keys).values(retired_at=unit.now)))

    new = db.apply(service.ensure, OLD)

    assert new.kid != old.kid
    published = db.ask(store.published)
    assert [key["kid"] for key in published] == [old.kid, new.kid]
    assert verify(receipt, {"keys": published}, KIND) == {"a": 1}


def test_a_stolen_database_signs_nothing(db, settings):
    signer = db.apply(service.ensure, OLD)
    raw = signer.private.private_bytes_raw()

    with notes.stranger(settings) as connection:
        ((kid, public, sealed),) = connection.execute("SELECT kid, public, sealed FROM keys").fetchall()
    assert raw not in bytes(sealed)
    assert raw not in public.encode()
    assert kid == signer.kid
    if settings.embedded:
        assert all(raw not in file.read_bytes() for file in settings.data.iterdir())


@pytest.mark.parametrize("change", ["sealed = substr(sealed, 1, 20)", "kid = 'another'"])
def test_a_sealed_key_that_was_altered_or_moved_to_another_name_is_refused(db, change):
    db.apply(service.ensure, OLD)
    db.apply(lambda unit: unit.connection.exec_driver_sql(f"UPDATE keys SET {change}"))

    with pytest.raises(Misconfigured):
        db.ask(store.signer, OLD)


def test_two_keys_sealed_alike_look_different(db):
    private, public = model.new_key()

    def keep_twice(unit):
        store.keep(unit, private, public, OLD)
        store.keep(unit, private, {**public, "kid": "again"}, OLD)

    db.apply(keep_twice)
    sealed = db.ask(lambda connection: connection.exec_driver_sql("SELECT sealed FROM keys").scalars().all())

    assert len({bytes(one)[:12] for one in sealed}) == 2, "a nonce is never used twice"


def test_a_rotation_retires_the_key_makes_the_next_and_loses_no_receipt(db, clock):
    old = db.apply(service.ensure, OLD)
    receipt = sign(old)
    clock.step(days=30)

    new = db.apply(service.rotate, OLD)

    assert new.kid != old.kid
    assert db.apply(service.ensure, OLD).kid == db.ask(store.current) == new.kid
    assert [(life.kid, life.retired_at) for life in db.ask(store.lives)] == [(old.kid, clock.now), (new.kid, None)]
    published = {"keys": db.ask(store.published)}
    for signed in (receipt, sign(new)):
        assert verify(signed, published, KIND) == {"a": 1}


def test_published_keys_say_from_when_to_when_they_sign(db, clock):
    began = int(clock.now.timestamp())
    db.apply(service.ensure, OLD)
    clock.step(days=30)
    db.apply(service.rotate, OLD)

    assert [(key["iat"] - began, key.get("exp", began) - began) for key in db.ask(store.published)] == [
        (0, 30 * 86_400),
        (30 * 86_400, 0),
    ]


def test_asking_twice_for_one_rotation_makes_one(db):
    old = db.apply(service.ensure, OLD)
    new = db.apply(service.rotate, OLD, replacing=old.kid)

    assert db.apply(service.rotate, OLD, replacing=old.kid).kid == new.kid
    assert db.apply(service.rotate, OLD, replacing="nobody").kid == new.kid
    assert len(db.ask(store.published)) == 2


def test_a_new_key_is_sealed_under_the_newest_secret(db):
    db.apply(service.ensure, OLD)

    new = db.apply(service.rotate, NEW + OLD)

    assert db.ask(store.signer, NEW).kid == new.kid
