"""Chromium, driven through Playwright; the browser is the one installed on the machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser as PlaywrightBrowser
from playwright.sync_api import BrowserContext, Error, Frame, sync_playwright

from tests.browsers.browser import Browser, Cookie, Options

MISSING = (
    "The tests need Chromium. Run `./run test`, which installs it where it can; or install the package"
    " `chromium` (or Google Chrome), or point CG_CHROMIUM at its program."
)
PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# Nothing of the browser's own may reach for the network while our pages are measured.
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAVIGATION_DEADLINE = 30.0
COOKIES: dict[str, dict[str, Any]] = {
    "allow": {"cookie_controls_mode": 0},
    # Chromium cannot refuse partitioned cookies alone, so it refuses every cookie.
    "refuse": {"default_content_setting_values": {"cookies": 2}},
}


def find() -> str:
    """Return the program to run.

    Raises:
        RuntimeError: there is none; the message says what to install.
    """
    if given := os.environ.get("CG_CHROMIUM"):
        return given
    for name in PROGRAMS:
        if program := shutil.which(name):
            return program
    mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    if Path(mac).exists():
        return mac
    raise RuntimeError(MISSING)


class Chromium:
    """One person's Chromium."""

    transient = (Error,)

    def __init__(self, context: BrowserContext, options: Options) -> None:
        context.set_default_timeout(options.patience * 1000)
        context.set_default_navigation_timeout(NAVIGATION_DEADLINE * 1000)
        self._context = context
        self._page = context.pages[0] if context.pages else context.new_page()
        self._frames: list[Frame] = [self._page.main_frame]
        self._complaints: list[str] = []
        context.on("console", lambda said: said.type == "error" and self._complaints.append(said.text))
        context.on("weberror", lambda thrown: self._complaints.append(str(thrown.error)))

    def open(self, url: str) -> None:
        self._page.goto(url)

    def reload(self) -> None:
        self._page.reload()

    def back(self) -> None:
        self._page.go_back()

    def url(self) -> str:
        return self._page.url

    def title(self) -> str:
        return self._page.title()

    def newest(self) -> None:
        if self._context.pages[-1] is self._page:
            self._context.wait_for_event("page")
        self._page = self._context.pages[-1]
        self._page.wait_for_load_state()
        self._frames = [self._page.main_frame]

    def source(self) -> str:
        return self._here.content()

    def enter(self, css: str) -> None:
        element = self._here.wait_for_selector(css, state="attached")
        frame = element and element.content_frame()
        if not frame:
            raise AssertionError(f"{css} is no frame")
        frame.wait_for_load_state()
        self._frames.append(frame)

    def leave(self) -> None:
        self._frames.pop()

    def texts(self, css: str) -> list[str]:
        return self._here.locator(css).all_inner_texts()

    def shown(self, css: str) -> int:
        return self._here.locator(css).filter(visible=True).count()

    def attribute(self, css: str, name: str) -> str | None:
        return self._here.locator(css).first.get_attribute(name)

    def style(self, css: str, name: str) -> str:
        read = "(element, name) => getComputedStyle(element).getPropertyValue(name)"
        return self._here.locator(css).first.evaluate(read, name)

    def box(self, css: str) -> tuple[float, float, float, float]:
        read = """element => {
            const r = element.getBoundingClientRect();
            return [r.x + scrollX, r.y + scrollY, r.width, r.height];
        }"""
        x, y, width, height = self._here.locator(css).first.evaluate(read)
        return x, y, width, height

    def click(self, css: str, text: str | None) -> None:
        found = self._here.locator(css).filter(visible=True)
        if text is not None:
            exactly = re.compile(rf"^\s*{re.escape(text)}\s*$")
            named = self._here.get_by_label(text, exact=True)
            found = found.filter(has_text=exactly).or_(found.and_(named))
        try:
            found.first.click()
        except Error as error:
            said = self._here.locator("body").all_inner_texts()
            raise AssertionError(f"cannot click: {error.message}; the page says: {said}") from None

    def fill(self, css: str, value: str) -> None:
        self._here.locator(css).first.fill(value)

    def key(self, name: str) -> None:
        self._page.keyboard.press(name)

    def focused(self) -> str:
        read = """() => {
            const e = document.activeElement;
            return !e || e === document.body ? '' : e.innerText?.trim() || e.labels?.[0]?.innerText.trim()
                || e.getAttribute('aria-label') || e.title || e.tagName.toLowerCase();
        }"""
        return self._here.evaluate(read)

    def screenshot(self, path: Path) -> None:
        self._page.screenshot(path=path, full_page=True, animations="disabled")

    def cookies(self) -> list[Cookie]:
        return [
            Cookie(
                kept.get("name", ""),
                kept.get("value", ""),
                kept.get("domain", ""),
                urlsplit(kept.get("partitionKey") or "").hostname or "",
            )
            for kept in self._context.cookies()
        ]

    def complaints(self) -> list[str]:
        return list(self._complaints)

    def evaluate(self, expression: str) -> Any:
        return self._here.evaluate(expression)

    @property
    def _here(self) -> Frame:
        return self._frames[-1]


class Stage:
    """The thread Playwright lives on: it runs an event loop there, which must not be that of a test."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "playwright")
        self._playwright = self.run(sync_playwright().start)
        self._shared: dict[Path | None, PlaywrightBrowser] = {}
        """One for each authority: Chromium reads which it trusts when it starts."""
        self._homes = ExitStack()

    def run(self, call: Callable[[], Any]) -> Any:
        """Run a call there."""
        return self._thread.submit(call).result()

    @contextmanager
    def open(self, options: Options) -> Iterator[Browser]:
        """Open the browser of a person with these options; everything of it is forgotten afterwards."""
        opened = self.private if options.third_party_cookies == "block" else self._profiled
        with opened(options) as context:
            yield Browser("chromium", self.run(lambda: Chromium(context, options)), options.patience, self.run)

    def close(self) -> None:
        """End Chromium and Playwright."""
        for browser in self._shared.values():
            self.run(browser.close)
        self.run(self._playwright.stop)
        self._thread.shutdown()
        self._homes.close()

    @contextmanager
    def private(self, options: Options) -> Iterator[BrowserContext]:
        """Yield a private window of one Chromium: it blocks third-party cookies, and opens at once."""
        launch = self._playwright.chromium.launch
        trusted = options.authority
        if trusted not in self._shared:
            home = trusted and self._homes.enter_context(_home())
            self._shared[trusted] = self.run(lambda: launch(**_program(home, trusted)))
        context = self.run(lambda: self._shared[trusted].new_context(**_chosen(options)))
        try:
            yield context
        finally:
            self.run(context.close)

    @contextmanager
    def _profiled(self, options: Options) -> Iterator[BrowserContext]:
        """Yield a Chromium of its own, with the cookie setting in its profile: there is no other place."""
        with _home() as home:
            preferences = Path(home, "Default", "Preferences")
            preferences.parent.mkdir()
            preferences.write_text(json.dumps({"profile": COOKIES[options.third_party_cookies]}))
            launch = self._playwright.chromium.launch_persistent_context
            program = _program(home, options.authority)
            context = self.run(lambda: launch(home, **program, **_chosen(options)))
            try:
                yield context
            finally:
                self.run(context.close)


def _home() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="cg-chromium-", ignore_cleanup_errors=True)


def _program(home: str | None = None, authority: Path | None = None) -> dict[str, Any]:
    sandbox = os.geteuid() != 0  # the sandbox refuses to run as root
    program: dict[str, Any] = {"executable_path": find(), "args": list(FLAGS), "chromium_sandbox": sandbox}
    if home and authority:
        _trust(Path(home, ".pki", "nssdb"), authority)
        program["env"] = {**os.environ, "HOME": home}
    return program


def _trust(database: Path, authority: Path) -> None:
    """Make the list of a person's own authorities, where Chromium looks for it."""
    database.mkdir(parents=True)
    for act in (["-N", "--empty-password"], ["-A", "-n", "tests", "-t", "C,,", "-i", str(authority)]):
        subprocess.run(["certutil", "-d", f"sql:{database}", *act], check=True)


def _chosen(options: Options) -> dict[str, Any]:
    """Return what a person chose, as Playwright names it."""
    return {
        "java_script_enabled": options.scripts,
        "extra_http_headers": {"Sec-GPC": "1"} if options.gpc else {},
        "proxy": {"server": f"http://{options.proxy}"} if options.proxy else None,
        "viewport": {"width": options.width, "height": options.height},
        "color_scheme": "dark" if options.dark else "light",
        "forced_colors": "active" if options.forced_colors else "none",
        "reduced_motion": "reduce",
    }
