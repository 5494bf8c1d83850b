"""The operation by which a partner's server fetches what a person answered in the redirect flow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from consentgw.access.calls import Done
from consentgw.access.model import Scope
from consentgw.access.operations import operation
from consentgw.consents import returns, store
from consentgw.consents.model import State, standing
from consentgw.consents.receipt import KIND
from consentgw.errors import DeadCode
from consentgw.http.bodies import Body
from consentgw.keys.model import compact

if TYPE_CHECKING:
    from starlette.responses import Response

    from consentgw.access.calls import Call
    from consentgw.consents.states import States
    from consentgw.db import Unit
    from consentgw.notices.catalogue import Catalogue


class Redemption(Body):
    """A code, with what the partner's server remembers of the session it sent away."""

    code: str = Field(
        pattern=r"^[A-Za-z0-9_-]{43}$",
        description="What came back as `code`.",
        examples=["kX9tR2bWq0vYzD4mN7cF1hJ5sL8pA3gE6uI0oT2yQxk"],
    )
    name: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,31}$", description="The `return` that was asked for.", examples=["done"]
    )
    state: str = Field(
        pattern=r"^[!-~]{1,512}$",
        description="The `state` of the visitor's own session, not the one that came back.",
        examples=["af0ifjsldkj"],
    )


class Redeemed(BaseModel):
    """What a person has decided."""

    receipt: dict[str, Any] = Field(description="The receipt of their latest decision, as it was signed.")
    signed: str = Field(
        description="The same as a JWS, to be verified offline with the keys of /.well-known/jwks.json."
    )
    standing: State = Field(description="What has become of it by now.")
    granted: list[str] = Field(description="The purposes granted now.")
    open: list[str] = Field(description="Purposes that are asked about now and were not then.")
    c: str = Field(
        description="State for the addresses of ours that you write into this visitor's pages, as `?c=`. Whoever has it"
        " can read and change this consent: keep it in their session, and send such pages as `Cache-Control: private`."
    )


@dataclass(frozen=True, slots=True)
class ReturnsApi:
    """``/v1/sites/{site}/return-codes``."""

    catalogue: Catalogue
    states: States

    @operation(
        "POST /v1/sites/{site}/return-codes", tag="Receipts", scope=Scope.RECEIPTS_READ, takes=Redemption,
        answers=Redeemed, fails=(DeadCode,),
    )  # fmt: skip
    async def redeem_return_code(self, call: Call, body: Redemption) -> Response:
        """Redeem a code of the redirect flow.

        It can be done once, within a minute after the person was sent back, by a key of the site they answered to, with
        the name and the state they were sent with. An answer that got lost can be fetched again with the same
        `Idempotency-Key`.
        """
        offer = self.catalogue.offer(call.site)

        def redeem(unit: Unit) -> Done:
            kept = returns.redeem(unit, call.site, body.code, name=body.name, state=body.state)
            held = store.held(unit.connection, kept.receipt.id)
            holds = standing(held, offer.terms, now=unit.now.timestamp())
            redeemed = Redeemed(
                receipt=json.loads(kept.body),
                signed=compact(kept.body, kept.kid, KIND, kept.signature),
                standing=holds.state,
                granted=sorted(holds.granted),
                open=sorted(holds.open),
                c=self.states.hand(offer, held),
            )
            return Done(str(kept.receipt.id), redeemed)

        return await call.write(redeem)
