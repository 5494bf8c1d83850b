"""Traces for OpenTelemetry: a span for every answer of the visitors' lane and of the API. Needs the extra ``otel``.

A span says what the metrics say: method, template of the route, status, site. The conventions would have path, query,
address and browser beside them; those lead to a person and are left out. A request's own ``traceparent`` is not
read: anybody can write into it. Where spans go, and how many, the standard ``OTEL_*`` variables say.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Self

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.semconv.attributes import error_attributes as errors
from opentelemetry.semconv.attributes import exception_attributes as exceptions
from opentelemetry.semconv.attributes import http_attributes as http
from opentelemetry.semconv.attributes import service_attributes as service
from opentelemetry.semconv.attributes import url_attributes as url
from opentelemetry.trace import SpanKind, StatusCode

from consentgw import __version__
from consentgw.errors import Misconfigured
from consentgw.http.lane import FAILURE
from consentgw.http.logs import frames

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer
    from starlette.types import Scope

SITE = "consentgw.site"
CLOSING_SECONDS = 5.0
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
_OTHER = http.HttpRequestMethodValues.OTHER.value


@dataclass(frozen=True, slots=True)
class Traces:
    """Makes spans and sends them, in a thread of its own, to whoever collects them."""

    provider: TracerProvider
    tracer: Tracer

    @classmethod
    def begin(cls) -> Self:
        """Begin to send spans by OTLP over HTTP.

        Raises:
            Misconfigured: a variable of OpenTelemetry's cannot be read.
        """
        ours = Resource.create({service.SERVICE_NAME: "consentgw", service.SERVICE_VERSION: __version__})
        try:
            provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
            provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        except ValueError:
            raise Misconfigured(
                "CONSENTGW_TRACES: one of the variables OTEL_... has a value of the wrong kind"
            ) from None
        return cls(provider, provider.get_tracer("consentgw", __version__))

    def note(self, route: str, scope: Scope, status: int, site: str, seconds: float) -> None:
        """Make the span of one answer; its status is 0 where nobody waited for it, ``site`` one there is or empty."""
        ended = time.time_ns()
        known = scope["method"] in _METHODS
        method = scope["method"] if known else _OTHER
        said: dict[str, str | int] = {
            http.HTTP_REQUEST_METHOD: method,
            http.HTTP_ROUTE: route,
            url.URL_SCHEME: "https" if scope.get("scheme") == "https" else "http",
        }
        if site:
            said[SITE] = site
        if status:
            said[http.HTTP_RESPONSE_STATUS_CODE] = status
        else:
            said[errors.ERROR_TYPE] = "disconnected"
        span = self.tracer.start_span(
            f"{method if known else 'HTTP'} {route}",
            Context(),
            SpanKind.SERVER,
            said,
            start_time=ended - int(seconds * 1e9),
        )
        if status >= 500:
            error: BaseException | None = scope.get(FAILURE)
            kind = type(error).__name__ if error else str(status)
            span.set_attribute(errors.ERROR_TYPE, kind)
            span.set_status(StatusCode.ERROR)
            if error:
                raised = "\n".join(frames(error.__traceback__))  # and none of its words: they may repeat what was sent
                told = {exceptions.EXCEPTION_TYPE: kind, exceptions.EXCEPTION_STACKTRACE: raised}
                span.add_event("exception", told, ended)
        span.end(ended)

    def close(self) -> None:
        """Send what is left, for a few seconds at the most: a collector that is away holds up no stop."""
        last = Thread(target=self.provider.shutdown, name="consentgw-traces", daemon=True)
        last.start()
        last.join(CLOSING_SECONDS)
