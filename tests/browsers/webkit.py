"""WebKitGTK, driven through its own WebDriver; the browser is the MiniBrowser that comes with it.

It needs a display, so it gets one nobody looks at. What it cannot do is said where a test asks for it: it knows
neither Global Privacy Control nor forced colours, its driver tells of no cookies and has no console.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.browsers.browser import Options

if TYPE_CHECKING:
    from tests.browsers.browser import Cookie

MISSING = (
    "The tests need WebKitGTK's driver and a display for it. Run `./run test`, which installs them where it can; or"
    " install the packages `webkit2gtk-driver` and `xvfb`, or point CG_WEBKIT at the program WebKitWebDriver."
)
START_DEADLINE = 60.0
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key under which WebDriver hands over an element."""
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Space": " ", "Shift": "\ue008"}
COOKIES = {"allow": "always", "block": "no-third-party", "refuse": "never"}
"""WebKitGTK partitions no cookie: to block those of third parties blocks the partitioned, too."""
SHOWN = """const shown = e => {
    const { width, height } = e.getBoundingClientRect();
    return width > 0 && height > 0 && e.checkVisibility({ visibilityProperty: true });
};
const matching = [...document.querySelectorAll(arguments[0])];
"""


def find() -> str:
    """Return the driver to run.

    Raises:
        RuntimeError: there is none, or no display for it; the message says what to install.
    """
    driver = os.environ.get("CG_WEBKIT") or shutil.which("WebKitWebDriver")
    if not driver or not shutil.which("Xvfb"):
        raise RuntimeError(MISSING)
    return driver


class WebKitError(Exception):
    """WebKit refused a command; `kind` is WebDriver's word for why."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Display:
    """A screen in memory."""

    def __init__(self) -> None:
        find()
        reading, writing = os.pipe()
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1200x24", "-nolisten", "tcp"]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, pass_fds=[writing], stdin=quiet, stdout=quiet, stderr=quiet)
        os.close(writing)
        with os.fdopen(reading) as told:
            self.name = f":{told.readline().strip()}"
        if self.name == ":":
            raise RuntimeError("Xvfb did not start")

    def close(self) -> None:
        """Switch it off."""
        self._process.terminate()
        self._process.wait()


class WebKit:
    """One person's MiniBrowser, fresh and private: it starts in a quarter of a second."""

    transient = (WebKitError,)

    def __init__(self, display: Display, options: Options) -> None:
        if options.gpc:
            raise ValueError("WebKitGTK sends no Global Privacy Control")
        if options.forced_colors:
            raise ValueError("WebKitGTK has no forced colours")
        self._patience = options.patience
        self._frames: list[dict[str, str]] = []
        self._home = Path(tempfile.mkdtemp(prefix="cg-webkit-"))
        self._said = self._home / "said"
        self._process = _start(display, self._home, self._said)
        self._wire = httpx.Client(timeout=START_DEADLINE, trust_env=False)
        self._session = ""
        try:
            self._wire.base_url = f"http://127.0.0.1:{self._port()}"
            self._session = f"/session/{self._post('/session', capabilities=_capabilities(options))['sessionId']}"
            self._post("/timeouts", implicit=0, pageLoad=30_000, script=30_000)
            self._post("/window/rect", x=0, y=0, width=options.width, height=options.height)
            width, height = self._run("return [innerWidth, innerHeight]")
            if width != options.width:
                raise ValueError(f"WebKitGTK's window is no narrower than {width} pixels")
            self._post("/window/rect", x=0, y=0, width=width, height=2 * options.height - height)
        except BaseException:
            self.close()
            raise

    def open(self, url: str) -> None:
        self._frames.clear()
        self._post("/url", url=url)

    def reload(self) -> None:
        self._post("/refresh")

    def back(self) -> None:
        self._post("/back")

    def url(self) -> str:
        return self._get("/url")

    def title(self) -> str:
        return self._get("/title")

    def newest(self) -> None:
        here = self._get("/window")
        deadline = time.monotonic() + self._patience
        while not (others := [handle for handle in self._get("/window/handles") if handle != here]):
            if time.monotonic() > deadline:
                raise AssertionError("there is no other tab")
            time.sleep(0.05)
        self._post("/window", handle=others[0])
        self._frames.clear()

    def source(self) -> str:
        return self._run("return document.documentElement.outerHTML")

    def enter(self, css: str) -> None:
        frame = self._first(css)
        self._post("/frame", id=frame)
        self._frames.append(frame)

    def leave(self) -> None:
        self._frames.pop()
        self._return()

    def texts(self, css: str) -> list[str]:
        return self._run(f"{SHOWN} return matching.map(e => e.innerText)", css)

    def shown(self, css: str) -> int:
        return self._run(f"{SHOWN} return matching.filter(shown).length", css)

    def attribute(self, css: str, name: str) -> str | None:
        return self._run("return arguments[0].getAttribute(arguments[1])", self._first(css), name)

    def style(self, css: str, name: str) -> str:
        read = "return getComputedStyle(arguments[0]).getPropertyValue(arguments[1])"
        return self._run(read, self._first(css), name)

    def box(self, css: str) -> tuple[float, float, float, float]:
        read = """const r = arguments[0].getBoundingClientRect();
            return [r.x + scrollX, r.y + scrollY, r.width, r.height]"""
        x, y, width, height = self._run(read, self._first(css))
        return x, y, width, height

    def click(self, css: str, text: str | None) -> None:
        refused = f"there is no {css} {text or ''}"
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            try:
                for found in self._run(f"{SHOWN} return matching.filter(shown)", css):
                    if text is None or text in self._words(found):
                        self._post(f"/element/{found[ELEMENT]}/click")
                        return
            except WebKitError as error:  # covered, or replaced while we looked
                refused = str(error)
            time.sleep(0.05)
        raise AssertionError(f"cannot click: {refused}; the page says: {self.texts('body')}")

    def fill(self, css: str, value: str) -> None:
        field = self._first(css)[ELEMENT]
        self._post(f"/element/{field}/clear")
        self._post(f"/element/{field}/value", text=value)

    def key(self, name: str) -> None:
        down = [KEYS.get(part, part) for part in name.split("+")]
        moves = [{"type": "keyDown", "value": key} for key in down]
        moves += [{"type": "keyUp", "value": key} for key in reversed(down)]
        self._post("/actions", actions=[{"type": "key", "id": "keyboard", "actions": moves}])

    def focused(self) -> str:
        active, tag = self._run("const e = document.activeElement; return [e, e?.localName]")
        return "" if tag in {"body", "html", None} else next(iter(self._words(active)), tag)

    def screenshot(self, path: Path) -> None:
        self._post("/frame", id=None)
        before = self._get("/window/rect")
        missing = self._run("return document.documentElement.scrollHeight - innerHeight")
        self._post("/window/rect", **{**before, "height": before["height"] + missing})
        path.write_bytes(base64.b64decode(self._get("/screenshot")))
        self._post("/window/rect", **before)
        self._return()

    def cookies(self) -> list[Cookie]:
        raise NotImplementedError("WebKitGTK's driver tells of no cookies but the page's own")

    def complaints(self) -> list[str]:
        raise NotImplementedError("WebKitGTK's driver has no console")

    def evaluate(self, expression: str) -> Any:
        return self._run(f"return ({expression})")

    def close(self) -> None:
        """End it, and forget everything."""
        self._wire.close()
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    def _first(self, css: str) -> dict[str, str]:
        deadline = time.monotonic() + self._patience
        while not (found := self._run("return document.querySelector(arguments[0])", css)):
            if time.monotonic() > deadline:
                raise AssertionError(f"there is no {css}; the page says: {self.texts('body')}")
            time.sleep(0.05)
        return found

    def _words(self, element: dict[str, str]) -> list[str]:
        """Return what the element says, to the eye and to a screen reader."""
        text = self._run("return arguments[0].innerText", element)
        label = self._get(f"/element/{element[ELEMENT]}/computedlabel")
        return [words.strip() for words in (text, label) if words.strip()]

    def _return(self) -> None:
        self._post("/frame", id=None)
        for frame in self._frames:
            self._post("/frame", id=frame)

    def _run(self, script: str, *arguments: Any) -> Any:
        """Run a script of our own in the document: that works with the page's scripts off, too."""
        return self._post("/execute/sync", script=script, args=list(arguments))

    def _get(self, path: str) -> Any:
        return _value(self._wire.get(self._session + path))

    def _post(self, path: str, **said: Any) -> Any:
        return _value(self._wire.post(self._session + path, json=said))

    def _port(self) -> int:
        deadline = time.monotonic() + START_DEADLINE
        while not (port := _listening(self._process.pid)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"WebKit's driver did not start:\n{self._said.read_text(errors='replace')}")
            time.sleep(0.02)
        return port


def _listening(process: int) -> int | None:
    """Return the port a process listens on. The driver takes a free one, and tells nobody but the system."""
    held = {os.path.realpath(descriptor) for descriptor in Path(f"/proc/{process}/fd").glob("*")}
    for line in Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_, inode = line.split()[:10]
        if state == "0A" and any(found.endswith(f"socket:[{inode}]") for found in held):
            return int(local.rpartition(":")[2], 16)
    return None


def _start(display: Display, home: Path, said: Path) -> subprocess.Popen[bytes]:
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "DISPLAY": display.name,
        "LC_ALL": "C.UTF-8",
        "GSETTINGS_BACKEND": "memory",  # no settings of this machine
        "NO_AT_BRIDGE": "1",  # and no service of a desktop
    }
    with said.open("wb") as log:
        return subprocess.Popen(
            [find(), "--port=0"],
            env=environment, start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip


def _capabilities(options: Options) -> dict[str, Any]:
    """Return what a person chose, as MiniBrowser names it."""
    arguments = [
        "--automation",
        f"--enable-javascript={json.dumps(options.scripts)}",
        f"--cookies-policy={COOKIES[options.third_party_cookies]}",
        *(["--dark-mode"] if options.dark else []),
        *([f"--proxy=http://{options.proxy}"] if options.proxy else []),
    ]
    # Its TLS library reads the machine's list of authorities and no other, so it is told to take any certificate.
    return {
        "alwaysMatch": {
            "acceptInsecureCerts": True,
            "pageLoadStrategy": "none" if options.eager else "normal",
            "webkitgtk:browserOptions": {"args": arguments},
        }
    }


def _value(answer: httpx.Response) -> Any:
    value = answer.json()["value"]
    if answer.is_error:
        raise WebKitError(value["error"], value["message"])
    return value
