"""Firefox, driven through Marionette; the browser is the one installed on the machine."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browsers.browser import Cookie, Options
from tests.browsers.marionette import Marionette, MarionetteError
from tests.https import der

if TYPE_CHECKING:
    from collections.abc import Callable

MISSING = (
    "The tests need Firefox. Run `./run test`, which installs it where it can; or install the package"
    " `firefox-esr` (or `firefox`), or point CG_FIREFOX at its program."
)
PROGRAMS = ("firefox-esr", "firefox")
START_DEADLINE = 60.0
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key under which WebDriver hands over an element."""
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Space": " ", "Shift": "\ue008"}
COOKIES = {"allow": 0, "block": 5, "refuse": 1}
# Nothing of the browser's own may reach for the network while our pages are measured.
QUIET: dict[str, bool | int | str] = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.contentblocking.introCount": 99,
    "browser.region.network.url": "",
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "browser.topsites.contile.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "marionette.port": 0,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.trr.mode": 5,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "ui.prefersReducedMotion": 1,
    "ui.useOverlayScrollbars": 1,
}
PRIVILEGED = ("--remote-allow-system-access",)  # a script of ours may look at what Firefox itself knows
WASH = """
const [preferences, width, height] = arguments;
const worn = [...gBrowser.tabs];
gBrowser.selectedTab = gBrowser.addTrustedTab("about:blank");
for (const tab of worn) gBrowser.removeTab(tab, { skipPermitUnload: true });
for (const [name, value] of Object.entries(preferences)) {
    if (typeof value == "boolean") Services.prefs.setBoolPref(name, value);
    else if (typeof value == "string") Services.prefs.setStringPref(name, value);
    else Services.prefs.setIntPref(name, value);
}
// The page gets exactly this room; the window itself cannot be as narrow as a telephone.
window.resizeTo(Math.max(width, 600), height + 300);
const page = gBrowser.selectedBrowser.style;
page.flex = "none"; page.width = width + "px"; page.height = height + "px";
return new Promise(resolve => Services.clearData.deleteData(
    Ci.nsIClearDataService.CLEAR_ALL,
    { onDataDeleted() { Services.console.reset(); resolve(); } }));
"""
ARRIVED = """
const { currentURI, webProgress } = gBrowser.selectedBrowser;
return currentURI.spec != "about:blank" && !webProgress.isLoadingDocument;
"""
TRUST = """
Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(arguments[0], "C,,");
"""


def find() -> str:
    """Return the program to run.

    Raises:
        RuntimeError: there is none; the message says what to install.
    """
    if given := os.environ.get("CG_FIREFOX"):
        return given
    for name in PROGRAMS:
        if program := shutil.which(name):
            return program
    mac = "/Applications/Firefox.app/Contents/MacOS/firefox"
    if Path(mac).exists():
        return mac
    raise RuntimeError(MISSING)


def preferences(options: Options) -> dict[str, bool | int | str]:
    """Return what a person chose, as Firefox names it."""
    proxy, _, port = options.proxy.partition(":")
    return {
        "javascript.enabled": options.scripts,
        "network.proxy.type": 1 if proxy else 0,
        "network.proxy.ssl": proxy,
        "network.proxy.ssl_port": int(port or 0),
        "network.cookie.cookieBehavior": COOKIES[options.third_party_cookies],
        "privacy.globalprivacycontrol.enabled": options.gpc,
        "privacy.globalprivacycontrol.functionality.enabled": options.gpc,
        "layout.css.prefers-color-scheme.content-override": 0 if options.dark else 1,
        "browser.display.document_color_use": 2 if options.forced_colors else 1,
    }


class Firefox:
    """One running Firefox. It starts slowly, so it is washed and used again; see `prepare`."""

    transient = (MarionetteError,)

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="cg-firefox-"))
        self._frames: list[str] = []
        self._process = _start(self._home)
        try:
            self._command = Marionette(self._port(), timeout=START_DEADLINE)
            self._command("WebDriver:NewSession", strictFileInteractability=True)
            self._command("WebDriver:SetTimeouts", implicit=0, pageLoad=30_000, script=30_000)
        except BaseException:
            self.close()
            raise

    def prepare(self, options: Options) -> None:
        """Forget everything, as a fresh profile would, and become the browser of a person with these options."""
        self._patience = options.patience
        self._eager = options.eager
        self._frames.clear()
        if options.authority:
            self._privileged(TRUST, der(options.authority))
        self._privileged(WASH, preferences(options), options.width, options.height)
        self._command("WebDriver:SwitchToWindow", handle=self._command("WebDriver:GetWindowHandles")[0])
        self._command("WebDriver:Navigate", url="about:blank")  # a tab still opening would swallow the first visit

    @property
    def running(self) -> bool:
        """Return whether it is still there to be used again."""
        return self._process.poll() is None

    def open(self, url: str) -> None:
        self._command("WebDriver:Navigate", url=url)
        # The end of an earlier load, of the blank tab, may have been taken for the end of this one.
        deadline = time.monotonic() + self._patience
        while not self._eager and not self._privileged(ARRIVED) and time.monotonic() < deadline:
            time.sleep(0.02)

    def reload(self) -> None:
        self._command("WebDriver:Refresh")

    def back(self) -> None:
        self._command("WebDriver:Back")

    def url(self) -> str:
        return self._command("WebDriver:GetCurrentURL")

    def title(self) -> str:
        return self._command("WebDriver:GetTitle")

    def newest(self) -> None:
        current = self._command("WebDriver:GetWindowHandle")
        deadline = time.monotonic() + self._patience
        while (last := self._command("WebDriver:GetWindowHandles")[-1]) == current:
            if time.monotonic() > deadline:
                raise AssertionError("no tab was opened")
            time.sleep(0.05)
        self._frames.clear()
        self._command("WebDriver:SwitchToWindow", handle=last)

    def source(self) -> str:
        return self._command("WebDriver:GetPageSource")

    def enter(self, css: str) -> None:
        frame = self._first(css)
        self._command("WebDriver:SwitchToFrame", element=frame)
        self._frames.append(frame)

    def leave(self) -> None:
        self._frames.pop()
        self._return()

    def texts(self, css: str) -> list[str]:
        return self._steady(lambda: [self._command("WebDriver:GetElementText", id=found) for found in self._find(css)])

    def shown(self, css: str) -> int:
        return self._steady(lambda: sum(self._displayed(found) for found in self._find(css)))

    def attribute(self, css: str, name: str) -> str | None:
        return self._steady(lambda: self._command("WebDriver:GetElementAttribute", id=self._first(css), name=name))

    def style(self, css: str, name: str) -> str:
        return self._steady(
            lambda: self._command("WebDriver:GetElementCSSValue", id=self._first(css), propertyName=name)
        )

    def box(self, css: str) -> tuple[float, float, float, float]:
        rect = self._steady(lambda: self._command("WebDriver:GetElementRect", id=self._first(css)))
        return rect["x"], rect["y"], rect["width"], rect["height"]

    def click(self, css: str, text: str | None) -> None:
        refused = f"there is no {css} {text or ''}"
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            try:
                for found in self._find(css):
                    if self._displayed(found) and (text is None or text in self._words(found)):
                        return self._command("WebDriver:ElementClick", id=found)
            except MarionetteError as error:  # covered, or replaced while we looked
                if "Reached error page" in str(error):
                    return None  # it was clicked; what came of it is for the test to see
                refused = str(error)
            time.sleep(0.05)
        raise AssertionError(f"cannot click: {refused}; the page says: {self.texts('body')}")

    def fill(self, css: str, value: str) -> None:
        field = self._first(css)
        self._command("WebDriver:ElementClear", id=field)
        self._command("WebDriver:ElementSendKeys", id=field, text=value)

    def key(self, name: str) -> None:
        down = [KEYS.get(part, part) for part in name.split("+")]
        moves = [{"type": "keyDown", "value": key} for key in down]
        moves += [{"type": "keyUp", "value": key} for key in reversed(down)]
        typed = {"type": "key", "id": "keyboard", "actions": moves}
        self._command("WebDriver:PerformActions", actions=[typed])

    def focused(self) -> str:
        active = self._command("WebDriver:GetActiveElement")[ELEMENT]
        tag = self._command("WebDriver:GetElementTagName", id=active)
        return "" if tag in {"body", "html"} else next(iter(self._words(active)), tag)

    def screenshot(self, path: Path) -> None:
        self._command("WebDriver:SwitchToFrame")
        picture = self._command("WebDriver:TakeScreenshot", full=True, hash=False)
        self._return()
        path.write_bytes(base64.b64decode(picture))

    def cookies(self) -> list[Cookie]:
        kept = self._privileged("""
            return Services.cookies.cookies.map(
                cookie => [cookie.name, cookie.value, cookie.host, cookie.originAttributes.partitionKey])""")
        site = re.compile(r"^\(\w+,([^,)]+).*")  # (http,shop.localhost,8080)
        return [Cookie(name, value, host, site.sub(r"\1", key)) for name, value, host, key in kept]

    def complaints(self) -> list[str]:
        return self._privileged("""
            return Services.console.getMessageArray()
                .filter(m => m instanceof Ci.nsIScriptError && !(m.flags & Ci.nsIScriptError.warningFlag))
                .filter(m => /^https?:/.test(m.sourceName))
                .map(m => m.errorMessage)""")

    def evaluate(self, expression: str) -> Any:
        return self._command("WebDriver:ExecuteScript", script=f"return ({expression})", args=[])

    def close(self) -> None:
        if hasattr(self, "_command"):
            self._command.close()
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    def _find(self, css: str) -> list[str]:
        found = self._command("WebDriver:FindElements", using="css selector", value=css)
        return [element[ELEMENT] for element in found]

    def _first(self, css: str) -> str:
        deadline = time.monotonic() + self._patience
        while not (found := self._find(css)):
            if time.monotonic() > deadline:
                raise AssertionError(f"there is no {css}; the page says: {self.texts('body')}")
            time.sleep(0.05)
        return found[0]

    def _steady(self, look: Callable[[], Any]) -> Any:
        """Look again when the document was replaced between finding an element and asking it."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return look()
            except MarionetteError as error:
                if error.kind != "stale element reference" or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _displayed(self, element: str) -> bool:
        return self._command("WebDriver:IsElementDisplayed", id=element)

    def _words(self, element: str) -> list[str]:
        """Return what the element says, to the eye and to a screen reader."""
        text = self._command("WebDriver:GetElementText", id=element)
        label = self._command("WebDriver:GetComputedLabel", id=element)
        return [words.strip() for words in (text, label) if words.strip()]

    def _return(self) -> None:
        self._command("WebDriver:SwitchToFrame")
        for frame in self._frames:
            self._command("WebDriver:SwitchToFrame", element=frame)

    def _privileged(self, script: str, *arguments: Any) -> Any:
        """Run a script of our own as part of the browser, not of a page: that works with scripts off, too."""
        self._command("Marionette:SetContext", value="chrome")
        try:
            return self._command("WebDriver:ExecuteScript", script=script, args=list(arguments))
        finally:
            self._command("Marionette:SetContext", value="content")

    def _port(self) -> int:
        file = self._home / "MarionetteActivePort"
        deadline = time.monotonic() + START_DEADLINE
        while not (file.exists() and (port := file.read_text().strip())):
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self._home / "browser.log").read_text(errors="replace")
                raise RuntimeError(f"Firefox did not start:\n{said}")
            time.sleep(0.05)
        return int(port)


def _start(home: Path) -> subprocess.Popen[bytes]:
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in QUIET.items()]
    (home / "user.js").write_text("".join(lines))
    with (home / "browser.log").open("wb") as log:
        return subprocess.Popen(
            [find(), "--headless", "--no-remote", "--marionette", *PRIVILEGED, "--profile", str(home)],
            env={**os.environ, "HOME": str(home), "MOZ_CRASHREPORTER_DISABLE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
