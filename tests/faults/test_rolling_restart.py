"""The processes of docker-compose.yml on this machine: two gateways, two workers, PostgreSQL, and its nginx in front.

Each is stopped and started again while people answer: nobody sees a failure, and no webhook comes twice. While
PostgreSQL is away, only what needs it is.
"""

from __future__ import annotations

import http.client
import http.server
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
import yaml

from consentgw.access import service as access
from consentgw.access.model import LIFE, Scope
from consentgw.db import migrations, open_database, open_reader
from consentgw.db.sealing import Sealer
from consentgw.keys.model import derive
from consentgw.settings import Settings
from consentgw.webhooks import service as webhooks
from tests import databases
from tests.conftest import SECRET
from tests.gateway import SHOP, seed
from tests.test_cli import environment
from tests.visitor import GATEWAY
from tests.webhooks.receivers import Apart, answering

COMPOSE = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text(encoding="utf-8"))
PROXY = COMPOSE["configs"]["proxy"]["content"]
TLS_PROXY = "${TLS_PROXY:-127.0.0.1}"
"""Without a choice, the proxy itself: on this machine that is everybody."""
STOP_DELAY = COMPOSE["x-gateway"]["environment"]["CONSENTGW_STOP_DELAY_SECONDS"]
PROGRAM = [sys.executable, "-c", "from consentgw.cli import main; main()"]


class Process:
    """A process of ours that can be stopped kindly and started again."""

    def __init__(self, env: dict[str, str], *command: str) -> None:
        self._start = lambda: subprocess.Popen([*PROGRAM, *command], env=env, stderr=subprocess.DEVNULL)
        self._process = self._start()

    def restart(self) -> None:
        self.stop()
        self._process = self._start()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=40)
        finally:
            self._process.kill()


def free_ports(count: int) -> list[int]:
    """Return ports below those that connections go out from: one of these may not be free again after a restart."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(12_000, 32_000)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.append(port)
    return found


@contextmanager
def proxy(folder: Path, port: int, gateways: list[int], believed: str = "127.0.0.1"):
    """Run nginx with the configuration of docker-compose.yml; only the addresses are this machine's."""
    said = PROXY.replace(TLS_PROXY, believed).replace("$$", "$").replace("/tmp/", f"{folder}/")
    said = said.replace("listen 8080", f"listen 127.0.0.1:{port}")
    for number, at in enumerate(gateways, 1):
        said = said.replace(f"gateway-{number}:8080 resolve", f"127.0.0.1:{at}")  # an address is found already
    file = folder / "nginx.conf"
    file.write_text(f"daemon off;\n{said}")
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    process = subprocess.Popen([nginx, "-c", str(file), "-p", str(folder)], stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def echoing(port: int):
    """Stand in for a gateway; yield the clients that it is told of."""
    heard: list[str | None] = []

    class Gateway(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers["X-Forwarded-For"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Gateway) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield heard
        finally:
            server.shutdown()


def ask(port: int, method: str, path: str, body: str = "", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
    try:
        named = {"Host": "gateway.localhost:8080", **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request(method, path, body or None, named)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError as error:
        return 0, repr(error).encode()
    finally:
        connection.close()


def decide(port: int) -> list[int]:
    """Be shown the question and answer it; return both statuses."""
    shown, page = ask(port, "GET", "/embed/shop?lang=en", Referer=f"{SHOP}/")
    token = re.search(rb'name="token" value="([^"]+)"', page)
    if not token:
        return [shown]
    answer = urlencode({"token": token[1].decode(), "method": "accept_all"})
    kind = "application/x-www-form-urlencoded"
    headers = {"Origin": GATEWAY, "Sec_Fetch_Site": "same-origin", "Referer": f"{GATEWAY}/", "Content_Type": kind}
    return [shown, ask(port, "POST", "/embed/shop?lang=en", answer, **headers)[0]]


def ready(port: int, path: str = "/health/ready") -> None:
    deadline = time.monotonic() + 90
    while ask(port, "GET", path)[0] != 200:
        assert time.monotonic() < deadline, "never ready"
        time.sleep(0.1)


@pytest.fixture
def receiver():
    with Apart(answering()) as receiver:
        yield receiver


def test_a_gateway_that_stops_outlasts_the_proxy_s_doubts_about_the_one_that_just_started():
    """While nginx still holds one for dead, the other must not go: it would have nobody to ask."""
    doubts = [int(seconds) for seconds in re.findall(r"fail_timeout=(\d+)s", PROXY)]
    assert len(doubts) == 2
    assert max(doubts) < int(STOP_DELAY)


def test_nobody_notices_that_every_process_is_restarted(seeded_postgres, receiver, tmp_path):
    with open_database(seeded_postgres) as db:
        sealer = Sealer(derive((SECRET.encode(),), "webhooks"))
        db.apply(webhooks.add, "shop", receiver.url, frozenset({"receipt.recorded"}), "", sealer)
    env = environment(
        seeded_postgres,
        CONSENTGW_WORKER_INSIDE="false",
        CONSENTGW_STOP_DELAY_SECONDS=STOP_DELAY,
        CONSENTGW_WEBHOOKS_TO_LOOPBACK="true",
    )
    env = {**os.environ, **env}
    front, *ports = free_ports(3)
    statuses: Counter[int] = Counter()
    stopped = threading.Event()

    def people() -> None:
        while not stopped.is_set():
            statuses.update(decide(front))
            time.sleep(0.02)

    with ExitStack() as stack:
        gateways = [Process(env, "serve", "--port", str(port)) for port in ports]
        workers = [Process(env, "worker") for _ in range(2)]
        for process in (*gateways, *workers):
            stack.callback(process.stop)
        for port in ports:
            ready(port)
        stack.enter_context(proxy(tmp_path, front, ports))
        ready(front, "/embed/shop")
        crowd = [threading.Thread(target=people) for _ in range(4)]
        try:
            for person in crowd:
                person.start()
            for port, gateway, worker in zip(ports, gateways, workers, strict=True):
                gateway.restart()
                ready(port)
                worker.restart()
        finally:
            stopped.set()
            for person in crowd:
                person.join()
        assert ask(front, "GET", "/metrics")[0] == ask(front, "GET", "/health/ready")[0] == 404
        with open_reader(seeded_postgres) as connection:
            kept = connection.exec_driver_sql("SELECT count(*) FROM receipts").scalar_one()
        deadline = time.monotonic() + 60
        while len(receiver.received) < kept and time.monotonic() < deadline:
            time.sleep(0.1)

    assert set(statuses) == {200, 303}, statuses
    assert kept == statuses[303] > 20
    assert len(receiver.messages) == len(set(receiver.messages)) == kept


@pytest.mark.parametrize(
    ("believed", "told"),
    [("192.0.2.1", "127.0.0.1"), ("127.0.0.1", "203.0.113.9")],
    ids=["a stranger", "the TLS proxy"],
)
def test_of_whom_a_request_is_says_the_tls_proxy_alone(tmp_path, believed, told):
    """The first address of the chain is what the visitor made up."""
    front, behind = free_ports(2)
    with echoing(behind) as heard, proxy(tmp_path, front, [behind, behind], believed):
        ready(front, "/")
        heard.clear()
        ask(front, "GET", "/", X_Forwarded_For="198.51.100.66, 203.0.113.9")

    assert heard == [told]


def test_without_a_database_what_needs_none_goes_on(tmp_path):
    with ExitStack() as stack:
        server = stack.enter_context(databases.PostgreSQL())
        settings = Settings.read(data=tmp_path, database_url=server.url(), secret=SECRET, public_url=GATEWAY)
        migrations.upgrade(settings)
        with open_database(seed(settings)) as db:
            key = db.apply(access.create, "a test", frozenset({Scope.SITES_READ}), site="shop", life=LIFE).text
        env = {**os.environ, **environment(settings, CONSENTGW_WORKER_INSIDE="false")}
        front, *ports = free_ports(3)
        for port in ports:
            stack.callback(Process(env, "serve", "--port", str(port)).stop)
        for port in ports:
            ready(port)
        stack.enter_context(proxy(tmp_path, front, ports))
        ready(front, "/embed/shop/style.css")
        called = [ask(front, "GET", "/v1/sites/shop", Authorization=f"Bearer {key}")]
        server.kill()
        time.sleep(1.5)  # by then a process asks again which keys are revoked
        shown = []
        for _ in range(6):  # more than one call to each
            called.append(ask(front, "GET", "/v1/sites/shop", Authorization=f"Bearer {key}"))
            shown += [ask(front, "GET", path)[0] for path in ("/embed/shop/style.css", "/static/page.css")]

    assert [status for status, _ in called] == [200] + 6 * [503]
    assert {json.loads(problem)["code"] for _, problem in called[1:]} == {"unavailable"}
    assert set(shown) == {200}
