"""Operations on receipts and standing: what a partner's back end asks before it acts, and what it tells us."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from consentgw.access.calls import Done
from consentgw.access.model import Scope
from consentgw.access.operations import Link, Part, operation
from consentgw.consents import partners, store
from consentgw.consents.disclosure import disclose
from consentgw.consents.kantara import MEDIA as KANTARA
from consentgw.consents.kantara import kantara
from consentgw.consents.linked_data import MEDIA as LINKED_DATA
from consentgw.consents.linked_data import linked_data
from consentgw.consents.model import reasons
from consentgw.consents.receipt import KIND
from consentgw.consents.schemas import (
    IdentifierIn,
    LinkOut,
    ReceiptIn,
    Receipts,
    Record,
    RecordRead,
    Records,
    StandingOut,
    Standings,
    SubjectsIn,
    WithdrawalIn,
)
from consentgw.consents.subjects import ID, IN_A_PATH
from consentgw.errors import Conflict, NotFound, OnlyThePerson, UnknownPurpose
from consentgw.http import surfaces
from consentgw.http.conditions import tag_of, unchanged
from consentgw.http.media import choose
from consentgw.http.paging import Paged, next_page
from consentgw.http.seals import to_base64
from consentgw.keys.model import compact
from consentgw.notices import store as notices

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from consentgw.access.calls import Call
    from consentgw.consents.disclosure import Disclosure
    from consentgw.consents.model import Held
    from consentgw.consents.store import Found, Kept, Search
    from consentgw.consents.subjects import Pseudonyms, Who
    from consentgw.db import Database, Unit
    from consentgw.keys.signing import Signing
    from consentgw.notices.catalogue import Catalogue, Offer
    from consentgw.notices.model import Notice

JOSE = "application/jose"
FORMATS = ("application/json", JOSE, LINKED_DATA, KANTARA)
_LATEST = 1 << 37
"""Seconds since 1970 that a datetime holds."""
RECEIPT = Part("receipt", ID, "A receipt's id.", "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b10")
SUBJECT = Part(
    "subject",
    IN_A_PATH,
    "A subject's id, or `id:` and your own identifier. Addresses end up in the logs of proxies: where your identifiers"
    " say who somebody is, use the operations that take them in the body.",
    "id:customer-4711",
)
BROWSER = Part("subject", ID, "A subject's id, from a receipt.", "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b11")
_MADE = (
    Link("read_receipt", {"site": "site", "receipt": "/receipt/receipt_id"}),
    Link("read_standing", {"site": "site", "subject": "/receipt/pii_principal_id"}),
    Link("list_history", {"site": "site", "subject": "/receipt/pii_principal_id"}),
)


@dataclass(frozen=True, slots=True)
class ReceiptApi:
    """``/v1/sites/{site}/receipts``, ``.../standing``, ``.../subjects`` and ``.../withdrawals``."""

    db: Database
    catalogue: Catalogue
    pseudonyms: Pseudonyms
    signing: Signing
    origin: str
    """Our own."""

    @operation(
        "POST /v1/sites/{site}/receipts", tag="Receipts", scope=Scope.RECEIPTS_WRITE, takes=ReceiptIn, answers=Record,
        status=201, fails=(Conflict, UnknownPurpose, OnlyThePerson), links=_MADE,
    )  # fmt: skip
    async def record_receipt(self, call: Call, body: ReceiptIn) -> Response:
        """Record a decision that you collected yourself.

        Its receipt says that you assert it; only our own forms can say that the person gave it. It is recorded to your
        identifier, and does not reach any browser that is linked to it: a yes stays where it was given. Neither can a
        yes be recorded to a browser's subject. A no travels: what is refused here is taken back from linked browsers.
        """
        offer = self.catalogue.offer(call.site)
        who = self.pseudonyms.read(call.site, body.subject)
        granted = [purpose for purpose, yes in body.decisions.items() if yes]
        signer = self.signing.signer

        def record(unit: Unit) -> Done:
            notice = _shown(unit.connection, offer, body)
            if strange := body.decisions.keys() - notice.asked:
                raise UnknownPurpose(f"the notice asks nothing about {len(strange)} of these purposes")
            return _recorded(partners.hold(unit, offer, who, notice, granted, signer))

        return await call.write(record)

    @operation(
        "GET /v1/sites/{site}/receipts", tag="Receipts", scope=Scope.RECEIPTS_READ, asks=Receipts, answers=Records,
    )  # fmt: skip
    async def list_receipts(self, call: Call, query: Receipts) -> Response:
        """List receipts, oldest first.

        All that were given to this site, or those of one subject in the order of the log. A page looks through a
        limited part of the log: with a filter it may be short or empty and still have a next one.
        """
        self.catalogue.offer(call.site)
        who = self.pseudonyms.read(call.site, query.subject) if query.subject else None
        return await self._page(call, query, who)

    @operation(
        "GET /v1/sites/{site}/receipts/{receipt}", tag="Receipts", scope=Scope.RECEIPTS_READ, parts=(RECEIPT,),
        answers=RecordRead, formats=FORMATS,
        links=(Link("read_standing", {"site": "site", "subject": "/receipt/pii_principal_id"}),),
    )  # fmt: skip
    async def read_receipt(self, call: Call) -> Response:
        """Read a receipt.

        As JSON with its signature and what was told with the question; as a JWS (`application/jose`) that verifies
        offline with `/.well-known/jwks.json` alone; as JSON-LD modelled on the DPV profile of ISO/IEC TS 27560
        (`application/ld+json`); or as Kantara's Consent Receipt 1.1 (`application/vnd.kantara.consent-receipt+json`),
        which knows no refusal.
        """
        media = choose(call.request, FORMATS)
        kept, notice = await self.db.look_up(_with_notice, call.site, UUID(call.parts["receipt"]))
        told = disclose(kept.receipt, notice)
        match media:
            case "application/jose":
                body = compact(kept.body, kept.kid, KIND, kept.signature).encode()
            case "application/ld+json":
                body = _json(linked_data(kept.receipt, notice, told, self.origin))
            case "application/json":
                body = _record(kept)[:-1] + b',"disclosure":' + _json(_told(told)) + b"}"
            case _:
                body = _json(kantara(kept.receipt, notice, told, self.origin))
        headers = ((b"etag", tag_of(body)), (b"vary", b"Accept"))
        if unchanged(call.request, headers[0][1]):
            return surfaces.API_OTHER.answer(b"", *headers, status=304)
        return surfaces.API_OTHER.answer(body, (b"content-type", media.encode()), *headers)

    @operation(
        "GET /v1/sites/{site}/subjects/{subject}/receipts", tag="Receipts", scope=Scope.RECEIPTS_READ, parts=(SUBJECT,),
        asks=Paged, answers=Records,
    )  # fmt: skip
    async def list_history(self, call: Call, query: Paged) -> Response:
        """Read everything somebody ever decided, in the order of the log.

        For an identifier of yours: of every subject it stands for.
        """
        self.catalogue.offer(call.site)
        return await self._page(call, query, self.pseudonyms.read(call.site, call.parts["subject"]))

    @operation(
        "GET /v1/sites/{site}/subjects/{subject}/standing", tag="Standing", scope=Scope.STANDING_READ, parts=(SUBJECT,),
        answers=StandingOut, links=(Link("read_receipt", {"site": "site", "receipt": "/receipt"}),),
    )  # fmt: skip
    async def read_standing(self, call: Call) -> Response:
        """Ask what is allowed for somebody, now.

        Read from the database, so a withdrawal counts as soon as it is recorded. An identifier we never heard of has
        decided nothing, and nothing is allowed.
        """
        offer = self.catalogue.offer(call.site)
        who = self.pseudonyms.read(call.site, call.parts["subject"])
        held = await self.db.look_up(partners.holds, call.site, who)
        return call.answer(_standing(offer, held, self.db.clock().timestamp()))

    @operation(
        "POST /v1/sites/{site}/standing", tag="Standing", scope=Scope.STANDING_READ, takes=SubjectsIn, limit=131_072,
        answers=Standings, reads=True,
    )  # fmt: skip
    async def read_standings(self, call: Call, body: SubjectsIn) -> Response:
        """Ask what is allowed for up to 500 people at once.

        The answers are in the order of the questions, and repeat no identifier. Whoever is not known has decided
        nothing. It changes nothing, so there is nothing to repeat safely and no entry in the trail.
        """
        offer = self.catalogue.offer(call.site)
        everyone = [self.pseudonyms.read(call.site, subject) for subject in body.subjects]
        now = self.db.clock().timestamp()
        held = await self.db.read(partners.hold_all, call.site, everyone)
        return call.answer(b'{"standings":[' + b",".join(_standing(offer, one, now) for one in held) + b"]}")

    @operation(
        "POST /v1/sites/{site}/withdrawals", tag="Receipts", scope=Scope.RECEIPTS_WRITE, takes=WithdrawalIn,
        answers=Record, status=201, fails=(NotFound, UnknownPurpose), links=_MADE,
    )  # fmt: skip
    async def withdraw(self, call: Call, body: WithdrawalIn) -> Response:
        """Take consent back for somebody, all of it or for some purposes.

        A new decision is added; nothing is edited. Within one second no tag is released any more in any browser that is
        linked, on any process. What is not taken back stays as it was given, and no longer. A withdrawal for somebody
        who never decided is kept too, and stops a browser that is linked later.
        """
        offer = self.catalogue.offer(call.site)
        who = self.pseudonyms.read(call.site, body.subject)
        signer = self.signing.signer
        return await call.write(lambda unit: _recorded(partners.withdraw(unit, offer, who, body.purposes, signer)))

    @operation(
        "POST /v1/sites/{site}/subjects/{subject}/identifiers", tag="Standing", scope=Scope.RECEIPTS_WRITE,
        parts=(BROWSER,), takes=IdentifierIn, answers=LinkOut, status=201,
        links=(Link("read_standing", {"site": "site", "subject": "/subject"}),),
    )  # fmt: skip
    async def link_identifier(self, call: Call, body: IdentifierIn) -> Response:
        """Link a browser's subject to an identifier of yours.

        From now on and for good it stands for that subject too, and the last decision of all its subjects counts. A yes
        stays where it was given. A no travels: what was refused or taken back in one place after the yes in another is
        taken back there too, now and in future. Answered 200 where it was linked before.
        """
        offer = self.catalogue.offer(call.site)
        subject = UUID(call.parts["subject"])
        pseudonym = self.pseudonyms.of(call.site, body.identifier)
        signer = self.signing.signer

        def link(unit: Unit) -> Done:
            linked = partners.link(unit, offer, subject, pseudonym, signer)
            location = f"/v1/sites/{call.site}/subjects/{subject}/standing" if linked.new else ""
            shown = LinkOut(subject=linked.subject, new=linked.new)
            return Done(str(subject), shown, location=location, status=None if linked.new else 200)

        return await call.write(link)

    async def _page(self, call: Call, query: Paged, who: Who | None) -> Response:
        place = query.place(int, int)
        search = store.Search(
            site=call.site,
            limit=query.limit,
            after=_place(*place) if place else None,
            **query.model_dump(include={"since", "until", "purpose", "method"}),
        )
        found = await self.db.read(_find, search, who)
        more = next_page(call.path, query, int(found.next[0].timestamp()), found.next[1]) if found.next else None
        links = ((b"link", f'<{more}>; rel="next"'.encode()),) if more else ()
        body = b'{"items":[%b],"next":%b}' % (b",".join(map(_record, found.receipts)), _json(more))
        return call.answer(body, *links)


def _place(second: int, sequence: int) -> tuple[datetime, int]:
    if not (0 <= second < _LATEST and 0 <= sequence < 2**63):
        raise NotFound("no such page")
    return datetime.fromtimestamp(second, UTC), sequence


def _find(connection: Connection, search: Search, who: Who | None) -> Found:
    if who is None:
        return store.search(connection, search)
    subjects = partners.find(connection, search.site, who)
    return store.search(connection, replace(search, subjects=tuple(subjects)))


def _with_notice(connection: Connection, site: str, receipt: UUID) -> tuple[Kept, Notice]:
    kept = store.read(connection, receipt)
    if kept.receipt.site != site:
        raise NotFound("no such receipt")
    return kept, notices.read(connection, kept.receipt.decision.notice)


def _shown(connection: Connection, offer: Offer, body: ReceiptIn) -> Notice:
    """Return the notice that was answered: the one that is named, or the current one of a language.

    Raises:
        NotFound: no such notice was ever issued for this site.
        Conflict: it is in another language than was said, or the site does not ask in that language.
    """
    if body.notice is None:
        notice = offer.notices.get(body.language or offer.site.language)
        if notice is None:
            raise Conflict("the site does not ask in this language")
        return notice
    notice = offer.digests.get(body.notice) or notices.read(connection, body.notice)
    if notice.site != offer.site.slug:
        raise NotFound("no such notice")
    if body.language not in {None, notice.language}:
        raise Conflict("the notice is in another language")
    return notice


def _recorded(kept: Kept) -> Done:
    receipt = kept.receipt
    return Done(str(receipt.id), _record(kept), location=f"/v1/sites/{receipt.site}/receipts/{receipt.id}")


def _record(kept: Kept) -> bytes:
    """Return a receipt with its place and signature; the signed bytes are put in as they are."""
    said = (kept.sequence, kept.body, kept.kid.encode(), to_base64(kept.signature).encode())
    return b'{"sequence":%d,"receipt":%b,"kid":"%b","signature":"%b"}' % said


def _standing(offer: Offer, held: Held | None, now: float) -> bytes:
    purposes = {
        purpose: {"allowed": reason.allows, "reason": reason.value}
        for purpose, reason in reasons(held, offer.terms, now=now).items()
    }
    return _json(
        {
            "subject": str(held.subject) if held else None,
            "receipt": str(held.receipt) if held else None,
            "sequence": held.sequence if held else None,
            "decided_at": _written(held.decided_at) if held else None,
            "valid_until": _written(held.expires_at) if held else None,
            "purposes": purposes,
        }
    )


def _told(told: Disclosure) -> dict[str, Any]:
    return {
        "operator": asdict(told.operator),
        "jurisdiction": told.jurisdiction,
        "valid_until": _written(int(told.valid_until.timestamp())),
        "third_parties": bool(told.recipients),
        "recipients": [asdict(one) for one in told.recipients],
        "cross_border": bool(told.countries),
        "countries": told.countries,
        "disseminated": told.disseminated,
        "data": [asdict(datum) for datum in told.data],
    }


def _written(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat().replace("+00:00", "Z")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
