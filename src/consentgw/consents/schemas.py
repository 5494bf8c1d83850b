"""What the API takes and answers about receipts and standing.

Answers on hot addresses are put together from bytes that are there already (``api.py``); these models say what those
bytes are, and a test holds the two together.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field

from consentgw.consents.model import Channel, Method, Reason, Source
from consentgw.consents.subjects import IDENTIFIER, SUBJECT
from consentgw.http.bodies import Body
from consentgw.http.paging import Page, Paged
from consentgw.sites.model import LANGUAGES

MOST = 500
"""Subjects in one question."""
_KEY = r"^[a-z0-9][a-z0-9_-]{0,31}$"
_SUBJECT = "A subject's id, or `id:` and your own identifier for the person."
_EXAMPLE = "id:customer-4711"


def _rfc3339(value: object) -> object:
    if isinstance(value, str) and not _INSTANT.fullmatch(value):
        raise ValueError("not a date and a time with its offset")
    return value


_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
Moment = Annotated[AwareDatetime, BeforeValidator(_rfc3339)]
PurposeKey = Annotated[str, Field(pattern=_KEY)]
Subject = Annotated[str, Field(pattern=SUBJECT, description=_SUBJECT, examples=[_EXAMPLE])]


class ReceiptIn(Body):
    """A decision that you collected yourself."""

    subject: Subject
    decisions: dict[PurposeKey, bool] = Field(
        max_length=64,
        description="What was answered, by purpose. A purpose that is left out is refused: silence is no consent.",
        examples=[{"analytics": True, "marketing": False}],
        json_schema_extra={"additionalProperties": False},
    )
    language: str | None = Field(
        default=None,
        pattern=f"^({'|'.join(LANGUAGES)})$",
        description="The language of the notice that was shown, the current one; the site's first if left out.",
        examples=["kk"],
    )
    notice: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="Or the digest of the notice that was shown, one that was issued for this site; it has a language.",
    )


class WithdrawalIn(Body):
    """Who takes consent back, and for what."""

    subject: Subject
    purposes: list[PurposeKey] | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="For which purposes; all of them if left out.",
        examples=[["marketing"]],
    )


class IdentifierIn(Body):
    """An identifier of yours."""

    identifier: str = Field(
        pattern=IDENTIFIER,
        description="Your own identifier for the person, without `id:`. It is kept as a keyed hash.",
        examples=["customer-4711"],
    )


class SubjectsIn(Body):
    """Whom you ask about."""

    subjects: list[Subject] = Field(min_length=1, max_length=MOST)


class Receipts(Paged):
    """Which receipts of a site."""

    subject: str | None = Field(default=None, pattern=SUBJECT, description=_SUBJECT)
    since: Moment | None = Field(default=None, description="Given at this instant or later (RFC 3339).")
    until: Moment | None = Field(default=None, description="Given before this instant.")
    purpose: str | None = Field(default=None, pattern=_KEY, description="This purpose was granted.")
    method: Method | None = Field(default=None, description="How it was answered.")


class PolicyOut(BaseModel):
    """The policy a notice led to."""

    version: str = Field(examples=["shop-2026-11-24"])
    digest: str


class EvidenceOut(BaseModel):
    """What the browser said about where the answer came from."""

    origin: str | None
    fetch_site: str | None
    gpc: bool


class ReceiptOut(BaseModel):
    """What was signed, name by name. Names follow ISO/IEC TS 27560 where it has one."""

    schema_version: str = Field(examples=["consentgw-receipt-1"])
    receipt_id: UUID
    site: str
    pii_principal_id: UUID = Field(description="The subject: an id of ours that says nothing.")
    replaces: UUID | None = Field(description="The receipt this answer replaces.")
    notice: str = Field(description="Digest of the notice that was answered; `/notice/{digest}` shows it.")
    policy: PolicyOut
    language: str
    granted: list[str]
    refused: list[str]
    method: Method
    channel: Channel
    source: Source = Field(description="Whether the person said so, or a partner about the person.")
    event_time: datetime
    valid_until: datetime
    withdrawn: list[str] | None = Field(
        default=None, description="With the method `withdraw_some`: what was taken back. Otherwise not there."
    )
    covers: list[str] | None = Field(
        default=None, description="Every site the answer was given for, where it was given for several."
    )
    jurisdiction_profile: str = Field(examples=["kz"])
    evidence: EvidenceOut


class Record(BaseModel):
    """A receipt with its place in the log and its signature.

    `consentgw verify` takes it as it is. The signature is over the JWS signing input of `receipt` in canonical JSON.
    """

    sequence: int = Field(description="Place in the log. Of two decisions the higher one counts.")
    receipt: ReceiptOut
    kid: str = Field(description="The key that signed; `/.well-known/jwks.json` has it.")
    signature: str = Field(description="Ed25519, base64url.")


class OperatorOut(BaseModel):
    """Who asked."""

    name: str
    registration: str = Field(description="In Kazakhstan the BIN or IIN.")
    address: str
    email: str


class RecipientOut(BaseModel):
    """A third party that receives data after this decision."""

    name: str
    country: str
    purposes: list[str]
    abroad: bool


class DatumOut(BaseModel):
    """A cookie that is set or read after this decision."""

    name: str
    vendor: str
    purposes: list[str]
    lifetime_seconds: int
    party: str


class DisclosureOut(BaseModel):
    """What was told with the question, for what was granted: the items of Art. 8(4) of the Kazakh law."""

    operator: OperatorOut
    jurisdiction: str
    valid_until: datetime
    third_parties: bool
    recipients: list[RecipientOut]
    cross_border: bool
    countries: list[str]
    disseminated: bool = Field(description="Whether data is published for everybody.")
    data: list[DatumOut]


class RecordRead(Record):
    """A receipt with its place in the log, its signature, and what was told with the question."""

    disclosure: DisclosureOut


class Records(Page[Record]):
    """A page of receipts, oldest first. With a filter it may hold fewer than asked for and still have a next one."""


class Verdict(BaseModel):
    """Whether one purpose is allowed."""

    allowed: bool
    reason: Reason = Field(
        description="`valid` alone allows. Otherwise the purpose was `refused` or `withdrawn`, nobody has answered"
        " (`undecided`), the answer has `expired`, or what was agreed to has changed since (`superseded`)."
    )


class StandingOut(BaseModel):
    """What holds for somebody now, for every purpose the site asks about."""

    subject: UUID | None = Field(
        description="Whose decision counts: for an identifier of yours the subject that decided last. Null: nobody did."
    )
    receipt: UUID | None
    sequence: int | None = Field(description="Place of that decision in the log.")
    decided_at: datetime | None
    valid_until: datetime | None
    purposes: dict[str, Verdict] = Field(
        examples=[
            {
                "analytics": {"allowed": True, "reason": "valid"},
                "marketing": {"allowed": False, "reason": "refused"},
            }
        ]
    )


class Standings(BaseModel):
    """What holds for each of those you asked about, in your order."""

    standings: list[StandingOut]


class LinkOut(BaseModel):
    """A subject that your identifier stands for from now on."""

    subject: UUID
    new: bool = Field(description="Whether it was not linked before.")
