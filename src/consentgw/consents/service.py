"""Recording: the one way an answer enters the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw import outbox
from consentgw.consents import store
from consentgw.consents.identifiers import uuid7
from consentgw.consents.model import Channel, Held, Method, Source, decide
from consentgw.consents.receipt import KIND, Evidence, Receipt

if TYPE_CHECKING:
    from uuid import UUID

    from consentgw.db import Unit
    from consentgw.keys.model import Signer
    from consentgw.notices.model import Notice
    from consentgw.sites.model import Site


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered, together with what they were shown."""

    receipt: UUID
    """Id the receipt will have. A form carries it from when it is shown, so one form makes one receipt."""
    site: Site
    notice: Notice
    method: Method
    ticked: tuple[str, ...]
    channel: Channel
    source: Source
    evidence: Evidence
    previous: Held | None
    """The decision that holds until now."""


def record(unit: Unit, answer: Answer, signer: Signer) -> Held:
    """Record a decision and its signed receipt; return what the subject holds now.

    Raises:
        UnknownPurpose: the answer names a purpose the notice never asked about.
        AlreadyAnswered: this form was used before.
    """
    decision = decide(answer.notice, answer.method, answer.ticked, at=unit.now.replace(microsecond=0))
    receipt = Receipt(
        id=answer.receipt,
        site=answer.site.slug,
        subject=answer.previous.subject if answer.previous else uuid7(),
        previous=answer.previous.receipt if answer.previous else None,
        decision=decision,
        policy=answer.notice.policy,
        language=answer.notice.language,
        method=answer.method,
        channel=answer.channel,
        source=answer.source,
        expires_at=decision.decided_at + answer.site.validity,
        profile=answer.site.profile,
        evidence=answer.evidence,
    )
    body = receipt.body()
    held = store.append(unit, receipt, body, signer.kid, signer.sign(body, KIND))
    topic = outbox.CONSENT_WITHDRAWN if answer.method is Method.WITHDRAW else outbox.RECEIPT_RECORDED
    outbox.emit(unit, topic, answer.site.slug, str(receipt.id))
    return held
