"""The kits of docs/embed, started as their pages say: the files and the commands are read from the page itself."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from consentgw.demo.running import free_port

DOCUMENTS = Path(__file__).parents[2] / "docs" / "embed"
PROGRAMS = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}:/usr/sbin"
COOKIE = "__Host-cgf-shop"


@dataclass
class Kit:
    """A partner's web server with the gateway behind it."""

    name: str
    folder: Path
    port: int
    gateway: int
    application: int
    process: subprocess.Popen[bytes] | None = None
    cookie: str = ""

    @property
    def origin(self) -> str:
        """Return the partner's origin."""
        return f"http://shop.localhost:{self.port}"

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask for something as this visitor's browser does."""
        return self._send("GET", path, headers)

    def answer(self, method: str, *granted: str) -> httpx.Response:
        """Answer in the frame."""
        page = self.get("/consent-gateway/embed/shop?lang=en").text
        token = re.search(r'name="token" value="([^"]+)"', page)[1]
        action = re.search(r'action="([^"]+)"', page)[1].replace("&amp;", "&")
        fields = {"token": token, "method": method, "granted": list(granted)}
        said = {"origin": self.origin, "sec-fetch-site": "same-origin", "sec-fetch-dest": "iframe"}
        response = self._send("POST", action, said, data=fields)
        self.cookie = response.headers["set-cookie"].partition(";")[0]
        return response

    def server(self) -> int:
        """Return the id of the gateway's process."""
        group = ["ps", "-ww", "-o", "pid=", "-o", "args=", "-g", str(self.process.pid)]
        lines = subprocess.run(group, capture_output=True, text=True, check=True).stdout.splitlines()
        [found] = [line.split()[0] for line in lines if line.rstrip().endswith("/consentgw serve")]
        return int(found)

    def reload(self) -> None:
        """Have nginx read its file again."""
        reload = ["nginx", "-p", str(self.folder), "-c", "nginx.conf", "-s", "reload"]
        subprocess.run(reload, env={"PATH": PROGRAMS}, check=True, capture_output=True)

    def _send(self, method: str, path: str, headers: dict[str, str], **sent: Any) -> httpx.Response:
        cookie = f"session=secret; {self.cookie}; theme=dark" if self.cookie else "session=secret"
        said = {"host": f"shop.localhost:{self.port}", "cookie": cookie, **headers}
        return httpx.request(method, f"http://127.0.0.1:{self.port}{path}", headers=said, timeout=10, **sent)


def blocks(name: str) -> tuple[dict[str, str], str]:
    """Return the files of a document, by path, and its commands."""
    text = (DOCUMENTS / f"{name}.md").read_text("utf-8")
    files = dict(re.findall(r"^```[a-z]+ (\S+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    [commands] = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return files, commands


@contextmanager
def started(
    name: str,
    folder: Path,
    *,
    serve: bool = True,
    edit: Callable[[str, Kit], str] = lambda text, kit: text,
) -> Iterator[Kit]:
    """Do what a document says, on free ports; without ``serve`` there is no gateway, and a test may stand in for it.

    ``edit`` does to each file, and to the commands, what the document leaves to the reader.
    """
    kit = Kit(name, folder, free_port(), free_port(), free_port())
    files, commands = blocks(name)
    commands = edit(commands, kit)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        text = edit(text, kit).replace("8081", str(kit.port)).replace("8082", str(kit.application))
        if path == "nginx.conf" and os.geteuid() == 0:
            text = f"user root;\n{text}"  # else its workers could not read a folder of root's
        (folder / path).write_text(text, "utf-8")
    if not serve:
        commands = commands.replace("consentgw serve &\n", "")
    environment = {
        "PATH": PROGRAMS,
        "HOME": str(folder),
        "CONSENTGW_PORT": str(kit.gateway),
        "CONSENTGW_PUBLIC_URL": f"http://gateway.localhost:{kit.gateway}",
        "CONSENTGW_FORWARDED_ALLOW_IPS": "",
    }
    with (folder / "said").open("wb") as said:
        kit.process = subprocess.Popen(
            ["bash", "-e", "-c", f"{commands}\nwait"],
            cwd=folder, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=said,
        )  # fmt: skip
    try:
        _await(kit.port, folder, kit.process)
        if serve:
            _await(kit.gateway, folder, kit.process)
        yield kit
    finally:
        if (folder / "nginx.pid").exists():
            stop = ["nginx", "-p", str(folder), "-c", "nginx.conf", "-s", "stop"]
            subprocess.run(stop, env={"PATH": PROGRAMS}, check=False, capture_output=True)
        os.killpg(kit.process.pid, signal.SIGCONT)
        os.killpg(kit.process.pid, signal.SIGTERM)
        try:
            kit.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(kit.process.pid, signal.SIGKILL)


def _await(port: int, folder: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=5)
        except httpx.HTTPError:
            failed = process.poll()
            assert not failed, (folder / "said").read_text("utf-8")
            time.sleep(0.1)
        else:
            return
    raise AssertionError((folder / "said").read_text("utf-8"))


@contextmanager
def standing_in(port: int, behave: Any) -> Iterator[list[dict[str, str]]]:
    """Listen where another server should, and behave otherwise; gives the headers of each request and its ``path``."""
    seen: list[dict[str, str]] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
            behave(self, over)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()
