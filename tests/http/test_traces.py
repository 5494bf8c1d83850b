"""Traces: one span for each answer, named by the template of its route, and nothing that anybody sent."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.requests import ClientDisconnect

from consentgw.app import create_app
from consentgw.consents import service
from consentgw.errors import Misconfigured
from consentgw.http import surfaces
from consentgw.http.lane import Lane, Route
from consentgw.http.traces import Traces
from consentgw.settings import Settings
from tests.caller import caller
from tests.gateway import SHOP, running
from tests.http.canary import CANARY, send_everywhere
from tests.http.test_logs import broken
from tests.visitor import Visitor
from tests.webhooks.receivers import answering, hanging, receiving

pytestmark = pytest.mark.anyio

ATTRIBUTES = {
    *("http.request.method", "http.route", "http.response.status_code", "url.scheme", "error.type"),
    "consentgw.site",
}


@pytest.fixture
async def collector(monkeypatch):
    """A server that takes spans, as the standard variables name it."""
    async with receiving(answering(200)) as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.port}")
        yield collector


def kept(traces):
    """Return where every span of these traces is kept, too."""
    memory = InMemorySpanExporter()
    traces.provider.add_span_processor(SimpleSpanProcessor(memory))
    return memory


def told(settings):
    """Return settings that ask for traces."""
    return settings.model_copy(update={"traces": True})


async def test_an_answer_is_a_span_named_by_method_and_route(seeded_sqlite, collector):
    async with running(told(seeded_sqlite)) as app:
        memory = kept(app.traces)
        await (await Visitor(app).frame("/embed/shop", SHOP)).press("accept_all")
        await Visitor(app).open("/consent/nobody")
        await caller(app).get("/v1/sites/shop")

    spans = memory.get_finished_spans()
    assert [(span.name, span.attributes["http.response.status_code"]) for span in spans] == [
        ("GET /embed/{site}", 200),
        ("POST /embed/{site}", 303),
        ("GET /embed/{site}", 200),
        ("GET /consent/{site}", 404),
        ("GET /v1/sites/{site}", 200),
    ]
    assert dict(spans[1].attributes) == {
        "http.request.method": "POST",
        "http.route": "/embed/{site}",
        "http.response.status_code": 303,
        "url.scheme": "http",
        "consentgw.site": "shop",
    }
    assert "consentgw.site" not in spans[3].attributes, "there is no such site"
    for span in spans:
        assert span.kind is SpanKind.SERVER
        assert span.parent is None
        assert span.status.status_code is StatusCode.UNSET
        assert 0 < span.end_time - span.start_time < 60e9
    assert spans[0].resource.attributes["service.name"] == "consentgw"
    [batch] = collector.received
    assert batch.line == "POST /v1/traces HTTP/1.1"
    assert batch.body.count(b"POST /embed/{site}") == 1


async def test_nothing_that_anybody_sent_reaches_a_span(seeded_sqlite, collector, monkeypatch):
    async with running(told(seeded_sqlite)) as app:
        memory = kept(app.traces)
        marked = await send_everywhere(app)
        page = await Visitor(app).frame("/embed/shop", SHOP)
        monkeypatch.setattr(service, "record", broken)
        await page.press("accept_all")

    spans = memory.get_finished_spans()
    assert len(spans) > 50
    for span in spans:
        assert not [word for word in marked if word in span.to_json()], span.to_json()
        assert set(span.attributes) <= ATTRIBUTES
    assert not [word for word in marked for batch in collector.received if word.encode() in batch.body]


@pytest.mark.parametrize("part", ["visitors", "api"])
async def test_a_failure_is_told_by_its_type_and_its_lines_and_by_none_of_its_words(
    seeded_sqlite, collector, monkeypatch, part
):
    async with running(told(seeded_sqlite)) as app:
        memory = kept(app.traces)
        if part == "visitors":
            page = await Visitor(app).frame("/embed/shop", SHOP)
            monkeypatch.setattr(service, "record", broken)
            await page.press("accept_all")
        else:
            monkeypatch.setattr("consentgw.configuration.site_api.service.known", broken)
            await caller(app).get("/v1/sites/shop")

    span = memory.get_finished_spans()[-1]
    assert span.attributes["http.response.status_code"] == 500
    assert span.attributes["error.type"] == "RuntimeError"
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    [event] = span.events
    assert set(event.attributes) == {"exception.type", "exception.stacktrace"}
    assert event.attributes["exception.stacktrace"].endswith("broken")
    assert CANARY not in span.to_json()


async def test_methods_nobody_knows_and_people_who_leave_have_their_spans(collector):
    async def leave(_):
        raise ClientDisconnect

    traces = Traces.begin()
    memory = kept(traces)
    lane = Lane([Route("/gone/{code}", leave, surfaces.VISITOR, ("POST",))], lane_behind, traces=traces)
    for method in ("POST", "AIGERIM"):
        sent = []

        async def send(message, sent=sent):
            sent.append(message)

        await lane(
            {"type": "http", "method": method, "path": "/gone/x", "headers": [], "query_string": b""}, None, send
        )
    traces.close()

    left, strange = memory.get_finished_spans()
    assert left.attributes["error.type"] == "disconnected"
    assert "http.response.status_code" not in left.attributes
    assert strange.name == "HTTP /gone/{code}"
    assert strange.attributes["http.request.method"] == "_OTHER"


async def lane_behind(scope, receive, send):
    raise AssertionError("the lane knows this address")


async def test_a_collector_that_hangs_holds_up_no_stop(monkeypatch):
    monkeypatch.setattr("consentgw.http.traces.CLOSING_SECONDS", 0.2)
    async with receiving(hanging) as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.port}")
        traces = Traces.begin()
        traces.note("/", {"method": "GET"}, 200, "", 0.1)

        began = time.monotonic()
        traces.close()

        assert time.monotonic() - began < 5
        await collector.reach(1)


def test_the_standard_variables_name_the_service_and_a_wrong_one_is_told_in_a_sentence(monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "consent-of-dana")
    traces = Traces.begin()
    traces.close()
    assert traces.provider.resource.attributes["service.name"] == "consent-of-dana"

    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "0")
    with pytest.raises(Misconfigured, match=r"^CONSENTGW_TRACES: .*OTEL_"):
        Traces.begin()


def test_without_the_libraries_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "consentgw.http.traces")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with pytest.raises(Misconfigured) as caught:
        create_app(Settings.read(traces=True))

    assert str(caught.value) == 'CONSENTGW_TRACES needs its libraries: pip install "consentgw[otel]"'


def test_nothing_of_it_is_loaded_unless_it_is_asked_for(tmp_path):
    asks = (
        "import sys; from consentgw.app import create_app; app = create_app(); "
        "sys.exit(app.traces is not None or any(name.startswith('opentelemetry.sdk') for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", asks], cwd=tmp_path, check=False).returncode == 0
