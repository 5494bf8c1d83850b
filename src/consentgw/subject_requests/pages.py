"""The pages of a subject's request: choose, ask, prove, follow, fetch. None needs a script or an account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from consentgw.consents import store as consents
from consentgw.consents.asking import language_of, own_origin
from consentgw.consents.model import Channel, Method, Source
from consentgw.consents.receipt import Evidence
from consentgw.consents.service import Answer
from consentgw.errors import AlreadyAnswered, Forged, Gone, Malformed, NotFound, OutOfTurn, Unconfirmed
from consentgw.http import surfaces
from consentgw.http.forms import query, read_form
from consentgw.http.lane import Route
from consentgw.http.limits import Budget, client
from consentgw.http.origins import provenance
from consentgw.http.pages import render
from consentgw.http.problems import status_of
from consentgw.law import profiles
from consentgw.law.profiles import RequestType
from consentgw.policies.rights import RIGHTS, time_of
from consentgw.subject_requests import answers, asking, filing, forwarding, locking, proving, service, store
from consentgw.subject_requests.asking import FIELDS, LONGEST, NOTHING_TYPED
from consentgw.subject_requests.clock import record_term
from consentgw.subject_requests.model import NEEDS, SUBJECT, Ref
from consentgw.subject_requests.proving import Outcome
from consentgw.subject_requests.service import Asked
from consentgw.subject_requests.views import (
    AskView,
    ChooseView,
    ComplaintView,
    ConfirmView,
    MovedView,
    Offered,
    OverView,
    StatusView,
    passed_on,
    sentence,
    title,
)
from consentgw.subject_requests.withdrawing import withdraw

if TYPE_CHECKING:
    from uuid import UUID

    from starlette.requests import Request as HttpRequest
    from starlette.responses import Response

    from consentgw.consents.states import Changes
    from consentgw.db import Database
    from consentgw.http.limits import Limits
    from consentgw.http.origins import Provenance
    from consentgw.http.pages import View
    from consentgw.keys.signing import Signing
    from consentgw.law.profiles import Rules
    from consentgw.notices.catalogue import Catalogue, Offer
    from consentgw.subject_requests.asking import Typed
    from consentgw.subject_requests.model import Request
    from consentgw.subject_requests.office import Office
    from consentgw.subject_requests.tokens import RequestForms

OPENING = Budget("requests", 10, 3_600)
PROVING = Budget("proofs", 30, 600)
_DONE = frozenset({"sent", "full", "said"})


@dataclass(frozen=True, slots=True)
class RequestPages:
    """``/requests/{site}`` and what lies below it."""

    db: Database
    catalogue: Catalogue
    changes: Changes
    signing: Signing
    office: Office
    forms: RequestForms
    limits: Limits
    origin: str

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses of these pages."""
        return (
            Route("/requests/{site}", self.ask, surfaces.VISITOR),
            Route("/requests/{site}", self.open, surfaces.VISITOR, ("POST",)),
            Route("/requests/{site}/confirm/{key}", self.button, surfaces.VISITOR),
            Route("/requests/{site}/confirm/{key}", self.confirm, surfaces.VISITOR, ("POST",)),
            Route("/requests/{site}/{code}", self.follow, surfaces.VISITOR),
            Route("/requests/{site}/{code}", self.act, surfaces.VISITOR, ("POST",)),
            Route("/requests/{site}/{code}/complaint", self.complaint, surfaces.VISITOR),
        )

    async def ask(self, request: HttpRequest) -> Response:
        """Show what may be asked for, or the form of what was chosen."""
        offer = self.catalogue.offer(request.path_params["site"])
        asked = query(request)
        language, code = language_of(request, offer, asked.one("lang")), asked.one("receipt") or ""
        await self._receipt(offer, code)
        if chosen := asked.one("type"):
            return self._form(offer, language, _type(chosen), code)
        rules = self._rules(offer)
        offered = tuple(
            Offered(
                type=type_,
                title=title(type_, offer.site, language),
                sentence=sentence(type_, offer.site, language),
                time=time_of(rule, language),
            )
            for type_ in RIGHTS
            if (rule := _rule(rules, type_))
        )
        view = ChooseView(
            **_page(offer, language),
            query=f"&receipt={code}" if code else "",
            site=offer.site,
            offered=offered,
            authority=offer.site.authority_in(language),
            receipt=code,
        )
        return _shown(view)

    async def open(self, request: HttpRequest) -> Response:
        """Open a request, then lead to its page."""
        offer = self.catalogue.offer(request.path_params["site"])
        said = self._from_ourselves(request, offer)
        language = language_of(request, offer, query(request).one("lang"))
        form = await read_form(request, limit=65_536, lines={"details"})
        type_, code = _type(form.one("type") or ""), form.one("receipt") or ""
        receipt = await self._receipt(offer, code)
        typed = NOTHING_TYPED
        if not (receipt and type_ is RequestType.CONSENT_WITHDRAWAL):
            typed = asking.read(form, type_, self._rules(offer))
        try:
            shown = self.forms.read(form.one("token") or "", offer.site.slug, self.db.clock().timestamp())
            if shown.type is not type_:
                raise Unconfirmed("the form is one for something else")
        except Unconfirmed as error:
            return self._form(offer, language, type_, code, typed, again="old", status=status_of(error))
        if typed.trouble:
            return self._form(offer, language, type_, code, typed, again="trouble", status=422)
        asked = Asked(
            id=shown.request,
            site=offer.site,
            type=type_,
            language=language,
            person=asking.accepted(typed),
            receipt=receipt,
        )
        opened = await self._open(request, offer, said, asked)
        return _led(f"/requests/{offer.site.slug}/{self.office.addresses.code(opened)}?lang={language}")

    async def button(self, request: HttpRequest) -> Response:
        """Show the button that proves a mailbox. Opening the link changes nothing: scanners open links."""
        offer = self.catalogue.offer(request.path_params["site"])
        key = request.path_params["key"]
        language = language_of(request, offer, query(request).one("lang"))
        try:
            found = await self.db.read(proving.read_link, self.office, offer.site.slug, key, self.db.clock())
        except (Gone, OutOfTurn) as error:
            return _over(offer, language, error)
        return _shown(ConfirmView(**_page(offer, language), site=offer.site, request=found, key=key))

    async def confirm(self, request: HttpRequest) -> Response:
        """Take the link of a letter for proof, and lead to where the request is now."""
        offer = self.catalogue.offer(request.path_params["site"])
        self._from_ourselves(request, offer)
        await self.limits.take(PROVING, client(request))
        language = language_of(request, offer, query(request).one("lang"))
        slug, key = offer.site.slug, request.path_params["key"]
        try:
            proven = await self.db.write(proving.verify_by_link, self.office, slug, key)
        except (Gone, OutOfTurn) as error:
            return _over(offer, language, error)
        return _led(f"/requests/{slug}/{self.office.addresses.code(proven)}?lang={language}")

    async def follow(self, request: HttpRequest) -> Response:
        """Show where a request stands."""
        offer = self.catalogue.offer(request.path_params["site"])
        asked = query(request)
        done = asked.one("done") or ""
        language = language_of(request, offer, asked.one("lang"))
        return await self._status(request, offer, language, done if done in _DONE else "")

    async def act(self, request: HttpRequest) -> Response:
        """Do what a person may do on the page of their request."""
        offer = self.catalogue.offer(request.path_params["site"])
        self._from_ourselves(request, offer)
        language = language_of(request, offer, query(request).one("lang"))
        found, here = await self._found(request, offer)
        if not here:
            return _moved(offer, language)
        form = await read_form(request, lines={"words"})
        try:
            match form.one("act"):
                case "verify":
                    await self.limits.take(PROVING, client(request))
                    digits = "".join((form.one("digits") or "").split())
                    outcome = await self.db.write(proving.verify_by_digits, self.office, found.ref, digits)
                    if outcome is not Outcome.PROVEN:
                        return await self._status(request, offer, language, outcome.value, status=409)
                    found, done = await self.db.read(store.read, found.ref), ""  # the page has moved
                case "resend":
                    await self.limits.take(PROVING, client(request))
                    sent = await self.db.write(proving.resend, self.office, found.ref)
                    done = "sent" if sent else "full"
                case "message":
                    words = form.one("words") or ""
                    if not words.strip() or len(words) > LONGEST["words"]:
                        raise Malformed("there are no words, or too many")
                    await self.limits.take(OPENING, client(request))
                    await self.db.write(service.message, self.office, found.ref, SUBJECT, words)
                    done = "said"
                case "cancel":
                    await self.db.write(service.cancel, self.office, found.ref, SUBJECT)
                    done = ""
                case "download":
                    return await self._download(found)
                case _:
                    raise Malformed("this is nothing that can be done to a request")
        except OutOfTurn:
            return await self._status(request, offer, language, "late", status=409)
        code = self.office.addresses.code(found)
        return _led(f"/requests/{offer.site.slug}/{code}?lang={language}{f'&done={done}' if done else ''}")

    async def complaint(self, request: HttpRequest) -> Response:
        """Show a complaint to the authority, prepared to be printed."""
        offer = self.catalogue.offer(request.path_params["site"])
        language = language_of(request, offer, query(request).one("lang"))
        found, here = await self._found(request, offer)
        if not here:
            return _moved(offer, language)
        view = ComplaintView(
            **_page(offer, language),
            site=offer.site,
            request=found,
            authority=offer.site.authority_in(language),
            today=self.db.clock().date(),
        )
        return _shown(view)

    async def _open(self, request: HttpRequest, offer: Offer, said: Provenance, asked: Asked) -> Request:
        """Open a request; a form that is sent twice leads to what it opened the first time."""
        try:
            if asked.type is RequestType.CONSENT_WITHDRAWAL and asked.receipt:
                answer = await self._withdrawal(offer, said, asked, asked.receipt)
                opened, held = await self.db.write(withdraw, self.office, asked, answer, self.signing.signer)
                self.changes.note(held)
                return opened
            await self.limits.take(OPENING, client(request))
            return await self.db.write(service.open_request, self.office, asked)
        except AlreadyAnswered:
            known = await self.db.read(store.read, Ref(offer.site.slug, asked.id))
            return replace(known, turn=0)

    async def _withdrawal(self, offer: Offer, said: Provenance, asked: Asked, receipt: UUID) -> Answer:
        held = await self.db.read(consents.held, receipt)
        return Answer(
            receipt=asked.id,
            site=offer.site,
            notice=offer.notices[asked.language],
            method=Method.WITHDRAW,
            ticked=(),
            channel=Channel.PAGE,
            source=Source.GIVEN_BY_PERSON,
            evidence=Evidence(said.origin, said.site, said.gpc),
            previous=held,
        )

    async def _download(self, found: Request) -> Response:
        package = await self.db.write(answers.download, self.office, found.ref)
        name = f"request-{found.site}-{found.number}.zip"
        answer = surfaces.DOWNLOAD.answer(
            package.file, (b"content-disposition", f'attachment; filename="{name}"'.encode())
        )
        answer.headers["content-type"] = "application/zip"
        return answer

    async def _status(
        self, request: HttpRequest, offer: Offer, language: str, done: str = "", *, status: int = 200
    ) -> Response:
        found, here = await self._found(request, offer)
        if not here:
            return _moved(offer, language)
        case = await self.db.read(store.case, self.office.vault, found.ref)
        waits = await self.db.read(filing.answer, found.id)
        stands = await self.db.read(forwarding.standing, found)
        if waits and (waits[2] < 1 or waits[1] <= self.db.clock()):
            waits = None
        view = StatusView(
            **_page(offer, language),
            site=offer.site,
            request=found,
            code=request.path_params["code"],
            texts=tuple(text for text in case.texts if text.kind in {"from_subject", "to_subject"}),
            letter=self.office.post.serving and bool(case.person.email),
            written=await self.db.read(filing.letter_waits, found.id, self.db.clock()),
            answer=waits,
            authority=offer.site.authority_in(language),
            receipts_until=record_term(offer.site).days,
            holds=tuple(await self.db.read(locking.in_force, self.office, case)),
            done=done,
            passed=passed_on(offer.site, found, stands.tasks, language),
            untold=bool(stands.untold),
            files=sum(task.files for task in stands.tasks),
        )
        return _shown(view, status)

    async def _found(self, request: HttpRequest, offer: Offer) -> tuple[Request, bool]:
        """Return the request of an address, and whether that address still is the one that works."""
        identifier, turn = self.office.addresses.request(request.path_params["code"])
        found = await self.db.read(store.read, Ref(offer.site.slug, identifier))
        return found, found.turn == turn

    async def _receipt(self, offer: Offer, code: str) -> UUID | None:
        if not code:
            return None
        kept = await self.db.read(consents.read, self.office.receipts.receipt(code))
        if kept.receipt.site != offer.site.slug:
            raise NotFound("the receipt is another site's")
        return kept.receipt.id

    def _from_ourselves(self, request: HttpRequest, offer: Offer) -> Provenance:
        said = provenance(request)
        if not said.from_ourselves(own_origin(offer, said, self.origin)):
            raise Forged("posted by another page")
        return said

    def _rules(self, offer: Offer) -> Rules:
        return profiles.profile(offer.site.profile).on(self.db.clock().date())

    def _form(
        self,
        offer: Offer,
        language: str,
        type_: RequestType,
        code: str,
        typed: Typed = NOTHING_TYPED,
        *,
        again: str = "",
        status: int = 200,
    ) -> Response:
        rules = self._rules(offer)
        fields = FIELDS[type_]
        view = AskView(
            **_page(offer, language),
            query=f"&type={type_.value}" + (f"&receipt={code}" if code else ""),
            site=offer.site,
            type=type_,
            fields=fields,
            rule=rules.request(type_),
            level=NEEDS[type_].start,
            adult_at=asking.adult_at(rules) if fields.identified else 0,
            mail=self.office.post.serving,
            token=self.forms.issue(offer.site.slug, type_, self.db.clock().timestamp()),
            typed=typed,
            again=again,
            receipt=code,
        )
        return _shown(view, status)


def _page(offer: Offer, language: str) -> dict[str, Any]:
    return {
        "language": language,
        "languages": offer.site.languages,
        "site_slug": offer.site.slug,
        "site_name": offer.site.name,
    }


def _moved(offer: Offer, language: str) -> Response:
    return _shown(MovedView(**_page(offer, language), site=offer.site), 410)


def _over(offer: Offer, language: str, error: Gone | OutOfTurn) -> Response:
    return _shown(OverView(**_page(offer, language), site=offer.site, closed=isinstance(error, OutOfTurn)), 410)


def _rule(rules: Rules, type_: RequestType) -> profiles.RequestRule | None:
    try:
        return rules.request(type_)
    except NotFound:
        return None


def _type(text: str) -> RequestType:
    try:
        return RequestType(text)
    except ValueError:
        raise NotFound("nothing of this kind can be asked for") from None


def _shown(view: View, status: int = 200) -> Response:
    body = render(view).encode()
    return surfaces.VISITOR.answer(body, (b"content-language", view.language.encode()), status=status)


def _led(address: str) -> Response:
    return surfaces.VISITOR.answer(b"", (b"location", address.encode()), status=303)
