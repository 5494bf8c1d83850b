"""HTTPS as on the real web: an authority of our own, a server that ends TLS, and a proxy through which names lead here.

Nothing of the machine is changed and nothing leaves it: a browser in a test is told of the authority and of the proxy,
and sees ``https://www.example.com`` on its usual port.
"""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
import subprocess
import threading
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import trustme

from consentgw.demo.running import free_port

PROGRAMS = f"{os.environ.get('PATH', '')}:/usr/sbin"
CHUNK = 65_536
T = TypeVar("T")

FRONT = """pid nginx.pid;
error_log error.log;
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {chain};
        ssl_certificate_key {key};
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""


class Authority:
    """A certificate authority, and one certificate of it for some names."""

    def __init__(self, folder: Path, *names: str) -> None:
        authority = trustme.CA(organization_name="consentgw's tests")
        issued = authority.issue_cert(*names)
        self.certificate = folder / "authority.pem"
        self.chain = folder / "chain.pem"
        self.key = folder / "key.pem"
        authority.cert_pem.write_to_path(self.certificate)
        issued.private_key_pem.write_to_path(self.key)
        self.chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))


@contextmanager
def ended(folder: Path, authority: Authority, behind: int) -> Iterator[int]:
    """End TLS in front of a port of this machine, with nginx; gives the port it listens on."""
    folder.mkdir()
    command = ["nginx", "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"]
    for last in (False, False, True):  # somebody may take the port in between
        port = free_port()
        said = FRONT.format(port=port, behind=behind, chain=authority.chain, key=authority.key)
        (folder / "nginx.conf").write_text(said, "utf-8")
        if not subprocess.run(command, env={"PATH": PROGRAMS}, check=last).returncode:
            break
    try:
        yield port
    finally:
        subprocess.run([*command, "-s", "stop"], env={"PATH": PROGRAMS}, check=False)


class Proxy:
    """An HTTP proxy that knows some names, each on a port of this machine, and refuses every other."""

    def __init__(self, names: dict[str, int]) -> None:
        self.names = names
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._tunnel, "127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """Close every connection."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _end(self) -> None:
        self._server.close()
        tunnels = asyncio.all_tasks() - {asyncio.current_task()}
        for tunnel in tunnels:
            tunnel.cancel()
        await asyncio.gather(*tunnels, return_exceptions=True)

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(ConnectionError, asyncio.IncompleteReadError):
            asked = await reader.readuntil(b"\r\n\r\n")  # CONNECT www.example.com:443 HTTP/1.1
            method, place, _ = asked.decode().split(" ", 2)
            name = place.rpartition(":")[0]
            if method != "CONNECT" or name not in self.names:
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            else:
                behind, onward = await asyncio.open_connection("127.0.0.1", self.names[name])
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                await asyncio.gather(_pour(reader, onward), _pour(behind, writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with closing(writer), suppress(ConnectionError):
        while said := await reader.read(CHUNK):
            writer.write(said)
            await writer.drain()


def der(certificate: Path) -> str:
    """Return a certificate as browsers take it from a program: the bytes of it in base64."""
    return base64.b64encode(ssl.PEM_cert_to_DER_cert(certificate.read_text("ascii"))).decode()
