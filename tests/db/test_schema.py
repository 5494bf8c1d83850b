"""Values come back from both databases as they went in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import StatementError

from consentgw.db.schema import Identifier, Instant, Json
from consentgw.keys.tables import keys

few = settings(max_examples=50, deadline=None)
DIALECTS = st.sampled_from([sqlite.dialect(), postgresql.dialect()])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@few
@given(st.datetimes(timezones=st.timezones()), DIALECTS)
def test_an_instant_comes_back_to_the_microsecond_in_utc(instant, dialect):
    there = Instant().process_bind_param(instant, dialect)
    back = Instant().process_result_value(there, dialect)

    assert back == instant.astimezone(UTC)
    assert back.utcoffset() == timedelta(0)


@few
@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)), DIALECTS)
def test_instants_are_kept_in_their_order(one, other, dialect):
    kept = [Instant().process_bind_param(instant, dialect) for instant in (one, other)]

    assert (one < other) == (kept[0] < kept[1])


@few
@given(JSON, DIALECTS)
def test_json_comes_back_as_it_was_in_one_spelling(value, dialect):
    text = Json().process_bind_param({"value": value}, dialect)

    assert Json().process_result_value(text, dialect) == {"value": value}


def test_json_is_kept_in_one_spelling_whatever_the_order_it_was_built_in():
    dialect = sqlite.dialect()
    texts = {Json().process_bind_param(value, dialect) for value in ({"b": "ы", "a": 1}, {"a": 1, "b": "ы"})}

    assert texts == {'{"a":1,"b":"ы"}'}


@few
@given(st.uuids(), DIALECTS)
def test_an_identifier_comes_back(identifier, dialect):
    there = Identifier().process_bind_param(identifier, dialect)

    assert len(there) == 16
    assert Identifier().process_result_value(memoryview(there), dialect) == identifier


def test_identifiers_sort_alike_in_python_and_in_the_database():
    ones = [UUID(int=number << 64) for number in (3, 1, 2**60, 2)]
    bytes_ = [Identifier().process_bind_param(one, sqlite.dialect()) for one in ones]

    assert sorted(bytes_) == [one.bytes for one in sorted(ones)]


def test_nothing_stays_nothing():
    for kind in (Instant(), Identifier(), Json()):
        assert kind.process_bind_param(None, sqlite.dialect()) is None
        assert kind.process_result_value(None, sqlite.dialect()) is None


def test_both_databases_keep_every_kind_of_value(db, clock):
    almaty = timezone(timedelta(hours=5))
    row = {
        "kid": "ключ",
        "public": {"x": "ы", "list": [1, None, True]},
        "sealed": bytes(range(256)),
        "created_at": datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        "retired_at": datetime(2999, 1, 1, 5, tzinfo=almaty),
    }
    db.apply(lambda unit: unit.connection.execute(keys.insert(), row))

    kept = db.ask(lambda connection: connection.execute(keys.select()).one()._asdict())
    assert {**kept, "sealed": bytes(kept["sealed"])} == row


def test_an_instant_without_a_time_zone_is_a_defect(db):
    naive = datetime(2026, 11, 24)  # noqa: DTZ001
    row = {"kid": "k", "public": {}, "sealed": b"", "created_at": naive}

    with pytest.raises(StatementError, match="naive"):
        db.apply(lambda unit: unit.connection.execute(keys.insert(), row))
