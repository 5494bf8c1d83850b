"""A key is changed while the gateway serves: nothing is lost, every receipt verifies, and one command does it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from consentgw.app import Gateway
from consentgw.cli import main
from consentgw.consents.receipt import KIND
from consentgw.errors import NotFound, Unavailable
from consentgw.keys import signing
from consentgw.keys.model import compact, verify
from tests.conftest import SECRET
from tests.gateway import SHOP, ledger, running
from tests.test_cli import environment
from tests.visitor import Visitor

pytestmark = pytest.mark.anyio


def command(settings, *words):
    """Run a command as the operator does, in the surroundings of an installation."""
    env = {
        "CONSENTGW_DATA": str(settings.data),
        "CONSENTGW_DATABASE_URL": settings.database_url,
        "CONSENTGW_SECRET": SECRET,
        "CONSENTGW_PUBLIC_URL": settings.public_url,
    }
    return CliRunner(env=env).invoke(main, list(words))


async def decide(app: Gateway) -> None:
    """Let somebody new answer on the shop's page."""
    await (await Visitor(app).frame("/embed/shop?lang=en", SHOP)).press("accept_all")


async def jwks(app: Gateway) -> dict:
    return (await Visitor(app).load("/.well-known/jwks.json", "document", SHOP)).json()


async def test_a_key_is_rotated_while_the_gateway_serves_and_every_receipt_verifies(gateway):
    await decide(gateway)
    deciding = asyncio.create_task(_decide_for_a_while(gateway))

    done = await asyncio.to_thread(command, gateway.settings, "keys", "rotate")
    assert done.exit_code == 0, done.output
    await asyncio.sleep(0.6)
    await decide(gateway)
    kept = await deciding

    receipts = ledger(gateway)
    assert len(receipts) == kept + 2, "nothing that was answered is lost"
    published = await jwks(gateway)
    old, new = (key["kid"] for key in published["keys"])
    assert (receipts[0].kid, receipts[-1].kid) == (old, new)
    assert new in done.output
    for one in receipts:
        verify(compact(one.body, one.kid, KIND, one.signature), published, KIND)


async def _decide_for_a_while(app):
    for _ in range(14):
        await decide(app)
        await asyncio.sleep(0.03)
    return 14


async def test_every_process_signs_with_the_new_key_within_a_second(seeded_postgres):
    async with running(seeded_postgres) as one, running(seeded_postgres) as other:
        assert command(seeded_postgres, "keys", "rotate").exit_code == 0
        await asyncio.sleep(1)
        for app in (one, other):
            await decide(app)

        new = (await jwks(one))["keys"][-1]["kid"]
        assert {kept.kid for kept in ledger(one)} == {new}


async def test_a_rotation_is_asked_for_by_a_note_that_only_its_owner_can_write(seeded_sqlite):
    async with running(seeded_sqlite) as app:
        old = app.signing.signer.kid
        note = signing.note_of(seeded_sqlite)
        signing._write(note, old)
        assert note.stat().st_mode & 0o777 == 0o600
        await asyncio.sleep(0.6)
        first = app.signing.signer.kid
        assert first != old
        assert not note.exists()

        for stale in (old, "", "\x00", "x" * 10_000):
            note.write_text(stale)
            await asyncio.sleep(0.4)
            assert not note.exists()
        note.write_bytes(b"\xff\xfe")
        await asyncio.sleep(0.4)
        assert app.signing.signer.kid == first, "only a note that names the present key rotates it"


async def test_a_note_nobody_takes_up_is_withdrawn_and_said(seeded_sqlite):
    async with running(seeded_sqlite):
        pass
    with pytest.raises(Unavailable, match="did not rotate"):
        signing.ask(seeded_sqlite, seconds=0.2)
    assert not signing.note_of(seeded_sqlite).exists()


async def test_a_folder_without_room_for_a_note_is_told_in_one_sentence_and_nothing_stays_behind(seeded_sqlite):
    async with running(seeded_sqlite):
        before = sorted(seeded_sqlite.data.iterdir())
        full = "import resource, signal; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
        full += "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "  # so that a write fails, as one to a full disk does
        program = [sys.executable, "-c", f"{full}from consentgw.cli import main; main()", "keys", "rotate"]
        env = {**os.environ, **environment(seeded_sqlite), "PYTHONDONTWRITEBYTECODE": "1"}
        done = await asyncio.to_thread(subprocess.run, program, env=env, capture_output=True, text=True, timeout=60)

        assert done.returncode == 1
        assert done.stderr.startswith("Error: cannot ask for a new key in ")
        assert done.stderr.count("\n") == 1
        assert sorted(seeded_sqlite.data.iterdir()) == before


async def test_without_a_key_there_is_nothing_to_rotate(seeded_sqlite):
    with pytest.raises(NotFound, match="no signing key yet"):
        signing.ask(seeded_sqlite)


async def test_the_keys_are_listed_with_their_dates(seeded):
    assert command(seeded, "keys", "rotate").exit_code == 0
    assert command(seeded, "keys", "rotate").exit_code == 0

    lines = command(seeded, "keys", "list").output.splitlines()

    assert len(lines) == 3, "a rotation before the first start retires a key that never signed"
    assert [line.endswith("signs now") for line in lines] == [False, False, True]


async def test_a_process_without_the_newer_secret_goes_on_with_the_key_it_has(seeded_postgres, caplog):
    async with running(seeded_postgres) as app:
        mine = app.signing.signer.kid
        env = {"CONSENTGW_SECRET": "n" * 32, "CONSENTGW_PREVIOUS_SECRETS": SECRET}
        done = CliRunner(env={**env, "CONSENTGW_DATABASE_URL": seeded_postgres.database_url}).invoke(
            main, ["keys", "rotate"]
        )
        assert done.exit_code == 0, done.output
        await asyncio.sleep(1)
        await decide(app)

        (kept,) = ledger(app)
        assert kept.kid == mine
        verify(compact(kept.body, kept.kid, KIND, kept.signature), await jwks(app), KIND)
    assert caplog.text.count("still signed by the former key") == 1


async def test_receipts_verify_offline_when_the_database_is_gone(seeded_sqlite, tmp_path):
    async with running(seeded_sqlite) as app:
        await decide(app)
        (kept,) = ledger(app)
        (tmp_path / "jwks.json").write_text(json.dumps(await jwks(app)))
    for file in seeded_sqlite.data.iterdir():
        file.unlink()
    record = {
        "sequence": kept.sequence,
        "receipt": json.loads(kept.body),
        "kid": kept.kid,
        "signature": compact(kept.body, kept.kid, KIND, kept.signature).rpartition(".")[2],
    }
    forms = {
        "receipt.jws": compact(kept.body, kept.kid, KIND, kept.signature),
        "record.json": json.dumps(record, indent=4),
        "page.json": json.dumps({"items": [record, record]}),
        "redeemed.json": json.dumps({"signed": compact(kept.body, kept.kid, KIND, kept.signature), "granted": []}),
    }
    for name, text in forms.items():
        (tmp_path / name).write_text(text)
        done = command(seeded_sqlite, "verify", str(tmp_path / name), "--jwks", str(tmp_path / "jwks.json"))
        assert done.exit_code == 0, done.output
        assert done.output.count("genuine") == (2 if name == "page.json" else 1)
        assert str(kept.receipt.id) in done.output

        altered = text.replace("analytics", "anylytics").replace('"source": "given', '"source": "taken')
        (tmp_path / name).write_text(altered if altered != text else text.replace(".e", ".f", 1))
        done = command(seeded_sqlite, "verify", str(tmp_path / name), "--jwks", str(tmp_path / "jwks.json"))
        assert done.exit_code == 1, name
        assert done.output.startswith("Error: ")


@pytest.mark.parametrize("text", ['{"items":[]}', "{}", '{"items":{}}', '{"receipt":{},"kid":1,"signature":1}', "{"])
async def test_json_that_holds_no_receipt_is_told(text, tmp_path, seeded_sqlite):
    (tmp_path / "r.json").write_text(text)
    (tmp_path / "jwks.json").write_text('{"keys":[]}')

    done = command(seeded_sqlite, "verify", str(tmp_path / "r.json"), "--jwks", str(tmp_path / "jwks.json"))

    assert done.exit_code == 1, done.output
    assert done.output.startswith("Error: ")
