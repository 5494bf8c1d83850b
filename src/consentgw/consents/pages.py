"""The pages a person opens at top level: the full question with every detail, and their own receipt."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from consentgw.consents import returns, service, store
from consentgw.consents.again import recall
from consentgw.consents.apart import asks_apart, given_apart
from consentgw.consents.asking import Desk, day, face_of, language_of
from consentgw.consents.model import Channel, Held, Method, standing
from consentgw.consents.receipt import KIND
from consentgw.consents.signals import requests_address
from consentgw.consents.together import counts_at, everywhere
from consentgw.consents.views import ConsentView, Face, OptOutView, ReceiptStanding, ReceiptView, answers
from consentgw.errors import Conflict, NotFound, Refused, Unavailable
from consentgw.http import surfaces
from consentgw.http.forms import query, read_form
from consentgw.http.lane import Route
from consentgw.http.origins import provenance
from consentgw.http.pages import Prepared
from consentgw.http.problems import status_of
from consentgw.keys.model import compact
from consentgw.notices import store as notices
from consentgw.notices.service import own_cookies

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.consents.returns import Return, Returns
    from consentgw.consents.states import Changes, States
    from consentgw.consents.store import Kept
    from consentgw.consents.tokens import Codes, Forms
    from consentgw.db import Database
    from consentgw.http.forms import Form
    from consentgw.http.origins import Provenance
    from consentgw.keys.signing import Signing
    from consentgw.notices.catalogue import Catalogue, Offer
    from consentgw.notices.model import Notice
    from consentgw.sites.model import Operator, Site

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pages:
    """``/consent/{site}``, ``/sites/{site}/do-not-sell`` and ``/receipt/{code}``."""

    db: Database
    catalogue: Catalogue
    states: States
    changes: Changes
    desk: Desk
    forms: Forms
    codes: Codes
    returns: Returns
    signing: Signing

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses of these pages."""
        return (
            Route("/consent/{site}", self.ask, surfaces.VISITOR),
            Route("/consent/{site}", self.decide, surfaces.VISITOR, ("POST",)),
            Route("/sites/{site}/do-not-sell", self.opt_out, surfaces.VISITOR),
            Route("/receipt/{code}.json", self.download, surfaces.DOWNLOAD),
            Route("/receipt/{code}.jws", self.download_signed, surfaces.DOWNLOAD),
            Route("/receipt/{code}", self.receipt, surfaces.VISITOR),
            Route("/receipt/{code}/withdraw", self.back, surfaces.VISITOR),
            Route("/receipt/{code}/withdraw", self.withdraw, surfaces.VISITOR, ("POST",)),
        )

    async def ask(self, request: Request) -> Response:
        """Show every purpose, vendor, cookie, lifetime and country, with the same form.

        In the redirect flow the person goes back after answering, or at once where the partner asks for no question
        and where the site has none.
        """
        offer = self.catalogue.offer(request.path_params["site"])
        asked, said = query(request), provenance(request)
        back = self.returns.asked(asked, offer.site)
        code = asked.one("receipt")
        held = await self._held(request, offer, said, code, returning=back is not None)
        if back and (asked.one("prompt") or not offer.terms.asked):
            return await self._back(offer, said, held, back)
        return await self._question(request, offer, held, asked.one("lang"), code=code or "", back=back)

    async def decide(self, request: Request) -> Response:
        """Record an answer given on the full page, then lead to its receipt."""
        offer = self.catalogue.offer(request.path_params["site"])
        said = provenance(request)
        chosen: str | None = None
        code: str | None = None
        held: Held | None = None
        back: Return | None = None
        try:
            chosen = query(request).one("lang")
            form = await read_form(request)
            back = self.returns.carried(form, offer.site)
            code = form.one("receipt") or None
            held = await self._held(request, offer, said, code)
            if back:
                return await self._record_and_send_back(request, form, said, held, back)
            return await self._record(form, offer, said, held, chosen)
        except (Refused, Conflict, Unavailable) as error:
            return await self._again(request, offer, held, chosen, code or "", error, back)

    async def opt_out(self, request: Request) -> Response:
        """Show "Do Not Sell or Share My Personal Information" (11 CCR 7026): apart from the question, for one press.

        Raises:
            NotFound: the law of the site knows no such page.
        """
        offer = self.catalogue.offer(request.path_params["site"])
        if not offer.terms.opt_out:
            raise NotFound("this site's law has no opt-out of sale or sharing")
        asked, said = query(request), provenance(request)
        code = asked.one("receipt") or ""
        held = await self._held(request, offer, said, code)
        language = language_of(request, offer, asked.one("lang"))
        now = time.time()
        holds = self.states.standing(held, offer, said, now)
        notice = offer.notices[language]
        ends = holds.granted & offer.terms.sold
        view = OptOutView(
            language=language,
            languages=offer.site.languages,
            site_slug=offer.site.slug,
            site_name=offer.site.name,
            site=offer.site,
            notice=notice,
            stays=tuple(sorted(holds.granted & offer.terms.asked - ends)) if holds.holds else (),
            granted=tuple(each.wording[language].title for each in notice.purposes if each.key in ends),
            known=held is not None,
            signal=said.gpc,
            receipt=code,
        )
        token = self.forms.issue(offer.site.slug, notice.digest, Channel.PAGE, now)
        body = Prepared.of(view).fill(token=token)
        return surfaces.VISITOR.answer(body, (b"content-language", language.encode()))

    async def receipt(self, request: Request) -> Response:
        """Show a person their own receipt; changes nothing."""
        return await self._receipt(request, await self._kept(request), query(request).one("lang"))

    async def back(self, request: Request) -> Response:
        """Lead to the receipt: whoever follows a link from a refused withdrawal must not end at an error."""
        offer = self.catalogue.offer((await self._kept(request)).receipt.site)
        language = language_of(request, offer, query(request).one("lang"))
        location = f"/receipt/{request.path_params['code']}?lang={language}".encode()
        return surfaces.VISITOR.answer(b"", (b"location", location), status=303)

    async def withdraw(self, request: Request) -> Response:
        """Withdraw whatever the receipt's subject has granted at this site."""
        kept = await self._kept(request)
        offer = self.catalogue.offer(kept.receipt.site)
        held = await self.db.read(store.held, kept.receipt.id)
        chosen: str | None = None
        try:
            chosen = query(request).one("lang")
            form = await read_form(request)
            return await self._record(form, offer, provenance(request), held, chosen, only=Method.WITHDRAW)
        except (Refused, Conflict, Unavailable) as error:
            log.info("withdrawal not kept at %s: %s", offer.site.slug, error)
            return await self._receipt(request, kept, chosen, error)

    async def download(self, request: Request) -> Response:
        """Return the receipt as the JSON that was signed."""
        kept = await self._kept(request)
        return surfaces.DOWNLOAD.answer(kept.body, _as_file(kept, "json"))

    async def download_signed(self, request: Request) -> Response:
        """Return the receipt as a JWS, verifiable offline."""
        kept = await self._kept(request)
        signed = compact(kept.body, kept.kid, KIND, kept.signature)
        answer = surfaces.DOWNLOAD.answer(signed.encode(), _as_file(kept, "jws"))
        answer.headers["content-type"] = "application/jose"
        return answer

    async def _record(
        self,
        form: Form,
        offer: Offer,
        said: Provenance,
        held: Held | None,
        chosen: str | None,
        only: Method | None = None,
    ) -> Response:
        answer = self.desk.answer(form, offer, said, held, Channel.PAGE)
        if only is not None and answer.method is not only:
            raise Refused(f"this address takes only {only.value}")
        kept = await self.db.write(service.record, answer, self.signing.signer)
        if held:
            self.changes.note(kept)
        language = chosen if chosen in offer.site.languages else answer.notice.language
        location = f"/receipt/{self.codes.code(kept.receipt)}?lang={language}".encode()
        cookie = self.states.keep(offer, kept, said, time.time())
        return surfaces.VISITOR.answer(b"", (b"location", location), cookie, status=303)

    async def _record_and_send_back(
        self, request: Request, form: Form, said: Provenance, held: Held | None, back: Return
    ) -> Response:
        """Record an answer of the redirect flow at every site it is given for, and lead back with a code for it."""
        offer = self.catalogue.offer(back.site)
        sharing = self._sharing(offer, said)
        answer = self.desk.answer(form, offer, said, held, Channel.REDIRECT, shared=bool(sharing))
        offers = sharing or (offer,)
        given = everywhere(answer, [(other, self.states.held(request, other, said)) for other in offers[1:]])
        kept, code = await self.db.write(returns.record, given, self.signing.signer, back)
        for one, own in zip(kept, given, strict=True):
            if own.previous:
                self.changes.note(one)
        cookies = (self.states.keep(each, one, said, time.time()) for each, one in zip(offers, kept, strict=True))
        return _sent_back(back, code, *cookies)

    def _sharing(self, offer: Offer, said: Provenance) -> tuple[Offer, ...]:
        """Return what each site asks of those the redirect flow asks for at once, this one first; none for one alone.

        Only under our own name: where we stand on a site's own ground, the other sites' visitors never come.
        """
        return () if said.ground else self.catalogue.together(offer)

    async def _back(self, offer: Offer, said: Provenance, held: Held | None, back: Return) -> Response:
        """Lead back at once: with a code for what holds, and without one where nothing does."""
        holds = self.states.standing(held, offer, said, time.time()).holds
        code = await self.db.write(returns.issue, back, held.receipt) if held and holds else None
        return _sent_back(back, code)

    async def _held(
        self, request: Request, offer: Offer, said: Provenance, code: str | None, *, returning: bool = False
    ) -> Held | None:
        """Return the decision that is changed here: of the receipt the page was opened from, or the browser's own."""
        if not code:
            return self.states.held(request, offer, said, returning=returning)
        kept = await self.db.read(store.read, self.codes.receipt(code))
        if kept.receipt.site != offer.site.slug:
            raise NotFound("the receipt is another site's")
        return await self.db.read(store.held, kept.receipt.id)

    async def _kept(self, request: Request) -> Kept:
        return await self.db.read(store.read, self.codes.receipt(request.path_params["code"]))

    async def _again(
        self,
        request: Request,
        offer: Offer,
        held: Held | None,
        chosen: str | None,
        code: str,
        error: Exception,
        back: Return | None = None,
    ) -> Response:
        """Show the question again after an answer that was not stored, with a fresh form."""
        log.info("answer not kept at %s: %s", offer.site.slug, error)
        return await self._question(
            request, offer, held, chosen, code=code, back=back, face=Face.after(error), status=status_of(error)
        )

    async def _question(
        self,
        request: Request,
        offer: Offer,
        held: Held | None,
        chosen: str | None,
        *,
        code: str = "",
        back: Return | None = None,
        face: Face | None = None,
        status: int = 200,
    ) -> Response:
        language = language_of(request, offer, chosen)
        said = provenance(request)
        holds = self.states.standing(held, offer, said, time.time())
        sharing = self._sharing(offer, said) if back else ()
        notice = (offer.shared if sharing else offer.notices)[language]
        again = await recall(self.db, offer, held, holds, language)
        passed = self.states.passed(request, offer)
        rest = back.query if back else f"&receipt={code}" if code else ""
        rest += f"&c={passed}" if passed else ""
        view = ConsentView(
            language=language,
            languages=offer.site.languages,
            site_slug=offer.site.slug,
            site_name=offer.site.name,
            site=offer.site,
            notice=notice,
            face=face or face_of(holds),
            own=tuple(cookie for each in sharing or (offer,) for cookie in own_cookies(each.site)),
            granted=holds.granted,
            signal=said.gpc,
            adpc=self.states.signals(offer, said).adpc,
            curbed=holds.curbed,
            again=again,
            opt_out=offer.terms.opt_out,
            receipt=code,
            apart=not (code or back or said.ground) and asks_apart(offer.site),
            query=rest,
            back=urlsplit(back.address).netloc if back else "",
            back_url=f"/consent/{offer.site.slug}?lang={language}{rest}&prompt=none" if back else "",
            carried=self.returns.seal(back) if back else "",
            counts_at=await counts_at(self.db, offer, held),
            passed=passed,
        )
        channel = Channel.REDIRECT if back else Channel.PAGE
        body = Prepared.of(view).fill(
            token=self.forms.issue(offer.site.slug, notice.digest, channel, time.time()),
            receipt_url=f"/receipt/{self.codes.code(held.receipt)}?lang={language}" if held else "",
            until=day(held.expires_at, language) if held else "",
            answered=day(held.decided_at, language) if held else "",
        )
        spoken = (b"content-language", language.encode())
        if back:
            answer = surfaces.RETURNING.answer(body, spoken, places=back.places, status=status)
        else:
            answer = surfaces.VISITOR.answer(body, spoken, status=status)
        if self.states.adpc:
            requests = requests_address(offer.site.slug, language)
            answer.headers["link"] = (
                f'<{requests}>; rel="consent-requests"; hreflang="{" ".join(offer.site.languages)}"'
            )
        return _paced(answer, status)

    async def _receipt(
        self, request: Request, kept: Kept, chosen: str | None, error: Exception | None = None
    ) -> Response:
        """Show a receipt; after a withdrawal that was not stored too, with a fresh form to withdraw by."""
        receipt = kept.receipt
        offer = self.catalogue.offer(receipt.site)
        language = language_of(request, offer, chosen)
        shown = await self.db.read(notices.read, receipt.decision.notice)
        latest = await self.db.read(store.held, receipt.id)
        current = offer.notices[language]
        view = ReceiptView(
            language=language,
            languages=offer.site.languages,
            site_slug=offer.site.slug,
            site_name=offer.site.name,
            site=offer.site,
            notice=current,
            code=request.path_params["code"],
            receipt=str(receipt.id),
            key=kept.kid,
            standing=ReceiptStanding.of(receipt.id == latest.receipt, standing(latest, offer.terms, now=time.time())),
            operator=_operator(offer.site, shown, language),
            answers=answers(shown, current, receipt.decision.granted),
            recipients=tuple(
                dict.fromkeys(
                    (tag.vendor, tag.country) for tag in shown.tags if tag.purposes <= receipt.decision.granted
                )
            ),
            granted=receipt.decision.granted,
            answered_in=receipt.language,
            method=receipt.method,
            channel=receipt.channel,
            decided_at=receipt.decision.decided_at,
            expires_at=receipt.expires_at,
            policy=receipt.policy,
            notice_digest=receipt.decision.notice,
            opt_out=offer.terms.opt_out,
            covers=tuple(str(site) for site in shown.covers if site.slug in receipt.covers),
            apart=await given_apart(self.db, offer.site, receipt),
            face=Face.after(error) if error else None,
        )
        token = self.forms.issue(offer.site.slug, current.digest, Channel.PAGE, time.time())
        body = Prepared.of(view).fill(token=token)
        status = status_of(error) if error else 200
        answer = surfaces.VISITOR.answer(body, (b"content-language", language.encode()), status=status)
        return _paced(answer, status)


def _sent_back(back: Return, code: str | None, *extra: tuple[bytes, bytes]) -> Response:
    """Lead back to the partner: the one redirect of ours to somewhere else, and only to what is registered."""
    location = (b"location", back.location(code).encode("ascii"))
    return surfaces.RETURNING.answer(b"", location, *extra, places=back.places, status=303)


def _paced(answer: Response, status: int) -> Response:
    if status == 503:
        answer.headers["retry-after"] = "2"
    return answer


def _operator(site: Site, shown: Notice, language: str) -> Operator:
    """Return who asked, in the language of the page while nothing about it has changed, else as it was shown."""
    same = shown.operator == site.operator_in(shown.language)
    return site.operator_in(language) if same else shown.operator


def _as_file(kept: Kept, ending: str) -> tuple[bytes, bytes]:
    name = f"receipt-{kept.receipt.site}-{kept.receipt.id}.{ending}"
    return b"content-disposition", f'attachment; filename="{name}"'.encode()
