"""Every kind of problem, explained to whoever writes a program: the one registry behind ``/problems/{code}``.

The codes are those of the error tree; a test holds the two together, and the statuses with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Explanation:
    """One kind of problem; texts are Markdown."""

    status: int
    title: str
    """What happened, in a few words; the ``title`` of the problem document."""
    meaning: str
    causes: tuple[str, ...]
    remedy: str
    detail: str = ""
    """What the ``detail`` of an answer could say."""


EXPLANATIONS: dict[str, Explanation] = {
    "malformed": Explanation(
        400,
        "Malformed request",
        "The bytes could not be read as what this address takes. Nothing was stored.",
        (
            "The body is not JSON, or not UTF-8.",
            "A name stands twice in one object, or a parameter twice in the address.",
            "A number is `NaN`, infinite or beyond 63 bits; a text has a character that no text may have.",
            "More than 20 objects and lists stand within each other.",
        ),
        "Mend the program that writes the request; the same bytes will always be refused.",
        "the body is not JSON",
    ),
    "refused": Explanation(
        400,
        "Refused",
        "The request was understood and declined. Nothing was stored.",
        ("The `detail` of the answer says what stands against it.",),
        "Change the request as the `detail` says.",
    ),
    "unpublishable": Explanation(
        400,
        "Cannot be published",
        "The drafts of a policy cannot be published as they stand. They are kept, and the version in force stays so.",
        ("The `detail` has a line for each finding: what is missing, unfilled or against the law profile, and where.",),
        "Mend the drafts as the findings say, and publish again.",
    ),
    "unauthenticated": Explanation(
        401,
        "No valid key",
        "The call carried no key, or one that is not valid. Which of the two, and why, is never said.",
        (
            "The `Authorization` header is missing, or is not `Bearer` and a key.",
            "The key was mistyped, has been revoked or has expired.",
        ),
        "Send `Authorization: Bearer` and a live key. Make a new one on the command line if the old one is lost: we"
        " cannot show a key twice.",
    ),
    "forbidden": Explanation(
        403,
        "Not allowed",
        "The key is valid and may not do this.",
        (
            "None of its scopes covers the operation.",
            "A key was to be made that may do more than the key that makes it.",
        ),
        "Use a key with the scope that the operation names in the reference, or have one made.",
        "the key needs the scope receipts:write",
    ),
    "forged": Explanation(
        403,
        "Not from our form",
        "A decision arrived that did not come from a form of ours on one of the site's pages. Nothing was stored.",
        ("The form's token is missing, changed or too old.", "The page that sent it is not one of the site's origins."),
        "Let people answer in the form itself. A decision you collected yourself is recorded by the API instead.",
    ),
    "only_the_person": Explanation(
        403,
        "Only the person can say yes",
        "A yes was sent for a browser that did not give it. Nothing was stored.",
        ("A person's consent in a browser is theirs to give, in that browser; a no may come from anywhere.",),
        "Ask the person in the browser. What you may record is what they told you about themselves: for an identifier"
        " of your own.",
    ),
    "not_found": Explanation(
        404,
        "Not found",
        "There is nothing at this address, or nothing that this key may see. The two are never told apart.",
        (
            "An id or a name in the address is mistyped.",
            "The key belongs to another site.",
            "The thing has been removed after its term.",
        ),
        "Check the address against the reference, and the site of the key.",
    ),
    "method_not_allowed": Explanation(
        405,
        "Method not allowed",
        "The address exists and does not take this method.",
        ("The method is not one of those in the `Allow` header of the answer.",),
        "Use one of the methods in `Allow`.",
    ),
    "not_acceptable": Explanation(
        406,
        "No format you take",
        "The `Accept` header names no format that this address can answer in.",
        ("`Accept` asks for another media type than those of the operation.",),
        "Leave `Accept` out, or name one of the media types of the operation.",
    ),
    "conflict": Explanation(
        409,
        "Conflict",
        "The request contradicts something that is already kept. What was kept stands.",
        ("Something of this name exists already.", "The thing is not in a state in which this can be done to it."),
        "Read the thing as it is now, and decide again.",
    ),
    "idempotency_in_flight": Explanation(
        409,
        "Being carried out now",
        "The same request, with the same `Idempotency-Key`, is being carried out at this moment.",
        ("The request was sent again before the first one was answered.",),
        "Wait a second and send it again: you get the answer of the first.",
    ),
    "already_answered": Explanation(
        409,
        "Answered before",
        "The form was used before. Its first answer stands, and nothing new was stored.",
        ("The same form was sent twice.",),
        "Nothing needs to be done. To change the answer, show a new form.",
    ),
    "unconfirmed": Explanation(
        409,
        "Needs to be confirmed",
        "The answer cannot be vouched for as it stands. Nothing was stored.",
        ("The question has changed since it was shown.", "The browser hid where the answer came from."),
        "Show the current question and let the person answer it.",
    ),
    "out_of_turn": Explanation(
        409,
        "Not now in its course",
        "The request of a data subject stands where this act has no place. Nothing was changed.",
        ("It has been answered already.", "Its deadline was extended before, or cannot be."),
        "Read the request: its state tells what can be done with it next.",
    ),
    "awaits_processors": Explanation(
        409,
        "A processor has not answered",
        "The request would be answered before everybody who processes data for the site has. Nothing was changed.",
        (
            "A task that was passed on to a processor is still open.",
            "More must be proven of who asks before a processor is told.",
        ),
        "Wait for the processors, or say in `without_processors` why it is answered without them.",
    ),
    "held": Explanation(
        409,
        "Under a legal hold",
        "A law, a court, an authority or a dispute requires the data to be kept. Nothing was changed, and nothing was"
        " shown.",
        ("An erasure was to destroy a request that is held.", "A program was to read who asked in one that is locked."),
        "Refuse the erasure with the reason `kept_by_law`, or release every hold on the request first.",
    ),
    "unproven": Explanation(
        409,
        "Not proven enough",
        "Who asks has not proven enough for this answer, or the second person it needs has not agreed.",
        ("The request needs a higher level of proof.", "An answer of this kind needs the agreement of two."),
        "Let the person prove who they are, or let the second person agree, and answer then.",
    ),
    "gone": Explanation(
        410,
        "Gone",
        "It existed, and is no longer served.",
        ("It was withdrawn from service, or its time has run out.",),
        "Do not ask again.",
    ),
    "return_code_dead": Explanation(
        410,
        "Code of no use",
        "The code of the redirect flow was redeemed before, has run out, or was not given out for this site, name and"
        " state. Which of these, is not told.",
        (
            "More than a minute has passed since the person came back.",
            "A page was loaded again, and the code with it.",
            "The state of the call is not the one the person was sent with: somebody may have slipped you a code.",
        ),
        "Send the person once more, with `prompt=none` if no question should be asked.",
    ),
    "precondition_failed": Explanation(
        412,
        "Changed meanwhile",
        "The thing is no longer what the `If-Match` of the call says. Nothing was changed.",
        ("Somebody else has changed it since you read it.",),
        "Read it again, make your change to what is there now, and send it with the new `ETag`.",
    ),
    "too_large": Explanation(
        413,
        "Too large",
        "More was sent than this address takes. Nothing was stored.",
        ("The body has more than 64 KiB.", "The address has more than 50 parameters."),
        "Send less at once: lists can be sent in parts.",
        "a body has 65536 bytes at the most",
    ),
    "unsupported_media_type": Explanation(
        415,
        "Format not read here",
        "The body is in a format that this address does not read.",
        ("`Content-Type` is missing or is not `application/json`.", "The body is compressed."),
        "Send JSON in UTF-8 with `Content-Type: application/json`.",
        "a body is sent once, as application/json in UTF-8",
    ),
    "invalid": Explanation(
        422,
        "Not what this operation takes",
        "The request could be read, but a field is missing, unknown or not what it must be. Nothing was stored.",
        ("See `errors` in the answer: each entry points at one field and says what is wrong with it.",),
        "Mend the fields that `errors` points at. A `pointer` leads into the body (RFC 6901), a `parameter` is one of"
        " the address.",
        "the body is not what this operation takes",
    ),
    "idempotency_key_reused": Explanation(
        422,
        "Idempotency key used before",
        "The `Idempotency-Key` was used for another request in the last 24 hours. Nothing was done.",
        ("A program makes one key for several requests.", "A request was changed and sent again with its old key."),
        "Make a new key for each new request, such as a random UUID; keep it only to send the same request again.",
    ),
    "unknown_purpose": Explanation(
        422,
        "Unknown purpose",
        "The answer names a purpose that the notice never asked about. Nothing was stored: nobody can consent to what"
        " was not asked.",
        ("A purpose is mistyped, or belongs to another site.", "The purpose was added after the notice."),
        "Name only purposes of the notice.",
    ),
    "precondition_required": Explanation(
        428,
        "Say what you change",
        "Changing this thing needs an `If-Match` header, so that nobody overwrites what somebody else has changed.",
        ("`If-Match` is missing.",),
        "Read the thing, and send its `ETag` as `If-Match`.",
    ),
    "too_many": Explanation(
        429,
        "Too many requests",
        "More was asked than is allowed in this time. Nothing was done.",
        ("The `RateLimit-Policy` header tells the limit, `RateLimit` when it starts anew.",),
        "Wait for the seconds in `Retry-After`, then send the same request again.",
    ),
    "error": Explanation(
        500,
        "Our fault",
        "Something went wrong on our side that should not have. It has been logged.",
        ("A defect of ours.",),
        "Send the same request again with the same `Idempotency-Key`: nothing can be stored twice. If it stays, tell"
        " whoever runs the gateway the `X-Request-Id` of the answer.",
    ),
    "unavailable": Explanation(
        503,
        "Not possible just now",
        "It could not be read or kept just now, so it was not done.",
        ("The database does not answer, or is full.", "The gateway is starting or stopping."),
        "Send the same request again after the seconds in `Retry-After`; nothing can be stored twice.",
    ),
}
"""By their code, in the order of their status."""


def example(code: str, origin: str) -> dict[str, Any]:
    """Return a problem document of this kind, as it could be answered (RFC 9457)."""
    explanation = EXPLANATIONS[code]
    told: dict[str, Any] = {
        "type": f"{origin}/problems/{code}",
        "title": explanation.title,
        "status": explanation.status,
        "code": code,
    }
    if explanation.detail:
        told["detail"] = explanation.detail
    if code == "invalid":
        told["errors"] = [{"pointer": "#/purposes/0", "detail": "is missing"}]
    return told
