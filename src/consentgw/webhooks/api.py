"""Operations on webhooks: the endpoints of a site, and what became of the messages to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from consentgw.access.calls import Done, to_json
from consentgw.access.model import Scope
from consentgw.access.operations import ID, Link, Part, operation
from consentgw.errors import Conflict, NotFound
from consentgw.http import conditions
from consentgw.http.bodies import Body, Line
from consentgw.http.paging import Page, Paged, next_page
from consentgw.sites import store as sites
from consentgw.sites.processors import KEY
from consentgw.webhooks import events, model, service, store
from consentgw.webhooks.model import Disabled, State, delivery_of

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from consentgw.access.calls import Call
    from consentgw.db import Database, Unit
    from consentgw.db.sealing import Sealer
    from consentgw.webhooks.model import Attempt, Delivery, Endpoint

WEBHOOK = Part(
    "webhook", ID, "The webhook's id.",
    "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b10",
)  # fmt: skip
MESSAGE = Part(
    "message", r"^msg_[A-Za-z0-9_-]{22}$", "The message's id, its `webhook-id`.", "msg_AZjytG8OfBqaVV0sfz6bEA"
)
_ROOT = "/v1/sites/{site}/webhooks"
_ONE = f"{_ROOT}/{{webhook}}"
_MESSAGES = f"{_ONE}/messages"

Url = Annotated[
    str,
    Field(
        max_length=model.URL_CHARACTERS,
        description="Where messages are sent: https to a public name, on port 443 or 8443.",
        examples=["https://partner.example/consent-events"],
        json_schema_extra={"pattern": model.URL},
    ),
]


def _known(topic: str) -> str:
    if topic not in events.TOPICS:
        raise ValueError("no such event")
    return topic


Topic = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": [*events.TOPICS]})]
Topics = Annotated[
    list[Topic],
    Field(
        max_length=len(events.TOPICS),
        description="Which events it is told of; empty for all, later kinds too.",
        examples=[["receipt.recorded", "consent.withdrawn"]],
    ),
]


class WebhookIn(Body):
    """An endpoint to be told."""

    url: Url
    events: Topics = Field(default_factory=list)
    description: Line | None = Field(default=None, description="What it is for.", examples=["Shop back end"])
    processor: str | None = Field(
        default=None,
        pattern=f"^{KEY}$",
        description="The processor of the site whose it is: it is told of that one's tasks, and of nothing else.",
        examples=["delivery"],
    )


class WebhookPut(Body):
    """What an endpoint is to be."""

    url: Url
    events: Topics
    description: Line | None
    enabled: bool = Field(
        description="Whether it is told anything. What happens while it is not, it is never told; what was waiting"
        " for it by then is sent once it is enabled again."
    )


class WebhookOut(BaseModel):
    """An endpoint, without its secret."""

    id: UUID
    url: str
    events: list[str] = Field(description="Empty for all.")
    description: str | None
    processor: str | None = Field(description="Whose it is, where it is a processor's.")
    enabled: bool
    disabled_because: Disabled | None = Field(
        description="`asked`: by you; `gone`: it answered 410; `failing`: it answered nothing well for five days."
    )
    failing_since: datetime | None = Field(description="Since when it has answered nothing well; null if not.")
    public_key: str = Field(description="To verify `v1a` signatures with; it is no secret.", examples=["whpk_…"])
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, endpoint: Endpoint, public_key: str) -> Self:
        """Show an endpoint."""
        return cls(
            id=endpoint.id,
            url=endpoint.url,
            events=sorted(endpoint.topics),
            description=endpoint.description or None,
            processor=endpoint.processor,
            enabled=endpoint.disabled is None,
            disabled_because=endpoint.disabled,
            failing_since=endpoint.failing_since,
            public_key=public_key,
            created_at=endpoint.created_at,
            changed_at=endpoint.changed_at,
        )


class WebhookMade(BaseModel):
    """An endpoint with fresh keys."""

    secret: str = Field(description="To verify `v1` signatures with. Shown this once.", examples=["whsec_…"])
    webhook: WebhookOut


class Webhooks(Page[WebhookOut]):
    """The endpoints of a site."""


class MessageOut(BaseModel):
    """A message to an endpoint."""

    id: str = Field(description="Sent as `webhook-id` at every attempt.", examples=[MESSAGE.example])
    event: str = Field(examples=["receipt.recorded"])
    about: str = Field(description="The id of what changed.")
    sequence: int = Field(description="Place in the order of what happened; 0 for a ping.")
    happened_at: datetime
    state: State
    attempts: int = Field(description="Attempts since it was last sent on its way.")
    next_attempt_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """Show a message."""
        return cls(**_message(delivery))


class AttemptOut(BaseModel):
    """An attempt to deliver a message."""

    at: datetime
    status: int | None = Field(description="The answer's status; null where there was none.")
    failure: str = Field(
        description="Why there was no answer: `timed_out`, `name_not_found`, `address_not_allowed`, `not_reached`,"
        " `tls_failed`, `no_answer`. Empty where there was one."
    )
    milliseconds: int

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        """Show an attempt."""
        milliseconds = round(attempt.took.total_seconds() * 1000)
        return cls(at=attempt.at, status=attempt.status, failure=attempt.failure, milliseconds=milliseconds)


class MessageLog(MessageOut):
    """A message with every attempt to deliver it."""

    log: list[AttemptOut] = Field(description="Oldest first, kept as long as the message.")


class Messages(Page[MessageOut]):
    """A page of messages."""


@dataclass(frozen=True, slots=True)
class WebhookApi:
    """``/v1/sites/{site}/webhooks``."""

    db: Database
    sealer: Sealer
    to_loopback: bool = False
    """Whether endpoints may be on this machine."""

    @operation(
        f"POST {_ROOT}", tag="Webhooks", scope=Scope.WEBHOOKS_WRITE, takes=WebhookIn, answers=WebhookMade, status=201,
        fails=(Conflict,),
        links=(
            Link("read_webhook", {"site": "site", "webhook": "/webhook/id"}),
            Link("ping_webhook", {"site": "site", "webhook": "/webhook/id"}),
            Link("delete_webhook", {"site": "site", "webhook": "/webhook/id"}),
        ),
    )  # fmt: skip
    async def create_webhook(self, call: Call, body: WebhookIn) -> Response:
        """Add an endpoint that is told what happens.

        It is told of everything from now on, at least once, by messages signed with the secret in the answer (`v1`) and
        with the key whose public half is in it (`v1a`). A site has sixteen endpoints at the most.
        """
        url = model.address(body.url, to_loopback=self.to_loopback)

        def create(unit: Unit) -> Done:
            site = sites.read(unit.connection, call.site)
            if body.processor and body.processor not in {one.key for one in site.processors}:
                raise NotFound("no such processor")
            endpoint, keys = service.add(
                unit, call.site, url, frozenset(body.events), body.description or "", self.sealer, body.processor
            )
            made = WebhookMade(secret=keys.secret, webhook=WebhookOut.of(endpoint, keys.public))
            return Done(str(endpoint.id), made, location=_path(endpoint))

        return await call.write(create)

    @operation(f"GET {_ROOT}", tag="Webhooks", scope=Scope.WEBHOOKS_READ, answers=Webhooks)
    async def list_webhooks(self, call: Call) -> Response:
        """List the endpoints of a site, the oldest first.

        They are never so many that there is a second page.
        """

        def read(connection: Connection) -> Webhooks:
            sites.read(connection, call.site)
            found = store.endpoints_of(connection, call.site)
            return Webhooks(items=[_shown(connection, endpoint) for endpoint in found], next=None)

        return call.listed(await self.db.read(read))

    @operation(f"GET {_ONE}", tag="Webhooks", scope=Scope.WEBHOOKS_READ, parts=(WEBHOOK,), answers=WebhookOut)
    async def read_webhook(self, call: Call) -> Response:
        """Read an endpoint."""
        return call.answer(await self.db.read(lambda connection: _shown(connection, _endpoint(connection, call))))

    @operation(
        f"PUT {_ONE}", tag="Webhooks", scope=Scope.WEBHOOKS_WRITE, parts=(WEBHOOK,), takes=WebhookPut,
        answers=WebhookOut, conditional=True,
    )  # fmt: skip
    async def change_webhook(self, call: Call, body: WebhookPut) -> Response:
        """Change an endpoint, switch it off or on again."""
        url = model.address(body.url, to_loopback=self.to_loopback)

        def change(unit: Unit) -> Done:
            before = _endpoint(unit.connection, call)
            shown = _shown(unit.connection, before)
            conditions.expect(call.request, conditions.tag_of(to_json(shown)))
            after = service.change(
                unit,
                before,
                url=url,
                topics=frozenset(body.events),
                description=body.description or "",
                enabled=body.enabled,
            )
            return Done(str(after.id), WebhookOut.of(after, shown.public_key))

        return await call.write(change)

    @operation(f"DELETE {_ONE}", tag="Webhooks", scope=Scope.WEBHOOKS_WRITE, parts=(WEBHOOK,), answers=None, status=204)
    async def delete_webhook(self, call: Call) -> Response:
        """Remove an endpoint, and the messages that wait for it."""

        def remove(unit: Unit) -> Done:
            endpoint = _endpoint(unit.connection, call)
            store.remove(unit, endpoint.id)
            return Done(str(endpoint.id))

        return await call.write(remove)

    @operation(
        f"POST {_ONE}/rotate", tag="Webhooks", scope=Scope.WEBHOOKS_WRITE, parts=(WEBHOOK,), answers=WebhookMade,
    )  # fmt: skip
    async def rotate_webhook(self, call: Call) -> Response:
        """Give an endpoint new keys.

        For 24 hours every message is signed with the old and with the new ones, so that nothing is lost meanwhile.
        """

        def rotate(unit: Unit) -> Done:
            endpoint = _endpoint(unit.connection, call)
            keys = service.rotate(unit, endpoint, self.sealer)
            return Done(str(endpoint.id), WebhookMade(secret=keys.secret, webhook=WebhookOut.of(endpoint, keys.public)))

        return await call.write(rotate)

    @operation(
        f"POST {_ONE}/ping", tag="Webhooks", scope=Scope.WEBHOOKS_WRITE, parts=(WEBHOOK,), answers=MessageOut,
        status=202, fails=(Conflict,),
        links=(Link("read_message", {"site": "site", "webhook": "webhook", "message": "/id"}),),
    )  # fmt: skip
    async def ping_webhook(self, call: Call) -> Response:
        """Send an endpoint a message that tells of nothing, to try it out."""

        def ping(unit: Unit) -> Done:
            delivery = service.ping(unit, _endpoint(unit.connection, call))
            return Done(delivery.message, MessageOut.of(delivery))

        return await call.write(ping)

    @operation(
        f"GET {_MESSAGES}", tag="Webhooks", scope=Scope.WEBHOOKS_READ, parts=(WEBHOOK,), asks=Paged, answers=Messages
    )
    async def list_messages(self, call: Call, query: Paged) -> Response:
        """List the messages to an endpoint, the newest first.

        They are kept for 30 days after they were delivered or given up.
        """
        place = query.place(str)
        before = delivery_of(place[0]) if place else None

        def read(connection: Connection) -> list[Delivery]:
            return store.deliveries_to(connection, _endpoint(connection, call).id, before, query.limit + 1)

        found = await self.db.read(read)
        shown = found[: query.limit]
        more = next_page(call.path, query, shown[-1].message) if len(found) > query.limit else None
        return call.listed(Messages(items=[MessageOut.of(delivery) for delivery in shown], next=more))

    @operation(
        f"GET {_MESSAGES}/{{message}}", tag="Webhooks", scope=Scope.WEBHOOKS_READ, parts=(WEBHOOK, MESSAGE),
        answers=MessageLog,
    )  # fmt: skip
    async def read_message(self, call: Call) -> Response:
        """Read a message and every attempt to deliver it."""
        identifier = delivery_of(call.parts["message"])

        def read(connection: Connection) -> MessageLog:
            delivery = store.delivery(connection, _endpoint(connection, call).id, identifier)
            log = [AttemptOut.of(attempt) for attempt in store.attempts_at(connection, identifier)]
            return MessageLog(**_message(delivery), log=log)

        return call.answer(await self.db.read(read))

    @operation(
        f"POST {_MESSAGES}/{{message}}/redeliver", tag="Webhooks", scope=Scope.WEBHOOKS_WRITE,
        parts=(WEBHOOK, MESSAGE), answers=MessageOut, status=202, fails=(Conflict,),
    )  # fmt: skip
    async def redeliver_message(self, call: Call) -> Response:
        """Send a message again, now, whatever became of it before.

        Its id stays the same. If it is not taken, all attempts begin anew.
        """
        identifier = delivery_of(call.parts["message"])

        def redeliver(unit: Unit) -> Done:
            delivery = service.redeliver(unit, _endpoint(unit.connection, call), identifier)
            return Done(delivery.message, MessageOut.of(delivery))

        return await call.write(redeliver)


def _endpoint(connection: Connection, call: Call) -> Endpoint:
    return store.endpoint(connection, call.site, UUID(call.parts["webhook"]))


def _shown(connection: Connection, endpoint: Endpoint) -> WebhookOut:
    return WebhookOut.of(endpoint, store.public_key(connection, endpoint.id))


def _path(endpoint: Endpoint) -> str:
    return _ONE.format(site=endpoint.site, webhook=endpoint.id)


def _message(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.message,
        "event": delivery.topic,
        "about": delivery.reference,
        "sequence": delivery.sequence,
        "happened_at": delivery.happened_at,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_attempt_at": delivery.due_at if delivery.state is State.WAITING else None,
        "ended_at": delivery.ended_at,
    }
