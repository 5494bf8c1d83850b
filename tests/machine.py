"""What the tests need of the machine besides Python, and how to get it: ``python -m tests.machine``.

On Debian and its kin it installs what is missing; elsewhere it says in one sentence what to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

from tests import databases
from tests.browsers import chromium, firefox, webkit

FONT = "Noto Sans"
"""Shows every Kazakh letter, so that pictures are the same everywhere."""


def missing() -> list[str]:
    """Return the Debian packages that would bring what is not there."""
    needs: dict[str, Callable[[], object]] = {
        "chromium": chromium.find,
        "libatomic1": _playwright,
        "firefox-esr": firefox.find,
        "webkit2gtk-driver": _webkit,
        "xvfb": _webkit,
        "libnss3-tools": _certutil,
        "nginx-light": _nginx,
        "caddy": _caddy,
        "php-cli": _php,
        "fonts-noto-core": _font,
        "postgresql": _postgresql,
    }
    return [package for package, find in needs.items() if _absent(find)]


def install(packages: list[str]) -> None:
    """Install Debian packages where we may, without a question."""
    become_root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    apt = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=600", "-qq"]
    subprocess.run([*apt, "update"], check=False)  # an old list may still do
    subprocess.run([*apt, "install", "--yes", "--no-install-recommends", *packages], check=False)


def main() -> None:
    """Make sure everything is there, or end with one sentence."""
    packages = missing()
    if packages and shutil.which("apt-get") and (os.geteuid() == 0 or shutil.which("sudo")):
        print("Installing what the tests need:", *packages, flush=True)
        install(packages)
        packages = missing()
    if packages:
        sys.exit(
            f"The tests need what Debian calls {', '.join(packages)}: install it with this machine's package manager"
            " (CG_CHROMIUM, CG_FIREFOX, CG_WEBKIT and CG_TEST_PG_BIN may name programs in unusual places)."
        )


def _absent(find: Callable[[], object]) -> bool:
    try:
        find()
    except (LookupError, RuntimeError):
        return True
    return False


def _playwright() -> None:
    started = subprocess.run([sys.executable, "-m", "playwright", "--version"], capture_output=True, check=False)
    if started.returncode:
        raise LookupError("a library that Playwright's own Node.js is linked to")


def _webkit() -> None:
    if sys.platform != "darwin":  # there is no WebKitGTK there; tests in it fail and say so
        webkit.find()


def _certutil() -> None:
    if not shutil.which("certutil"):
        raise LookupError("certutil, which tells Chromium of an authority")


def _nginx() -> None:
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    built = subprocess.run([nginx, "-V"], capture_output=True, text=True, check=True).stderr if nginx else ""
    needed = ("http_auth_request_module", "http_ssl_module")
    if not all(module in built for module in needed) or "without-http_ssi_module" in built:
        raise LookupError("nginx with auth_request, TLS and SSI")


def _caddy() -> None:
    if not shutil.which("caddy"):
        raise LookupError("caddy")


def _php() -> None:
    if not shutil.which("php"):
        raise LookupError("php")


def _font() -> None:
    if sys.platform == "darwin":
        return  # its own fonts show every letter
    lister = shutil.which("fc-list")
    found = lister and subprocess.run([lister, FONT], capture_output=True, text=True, check=True).stdout
    if not found:
        raise LookupError(FONT)


def _postgresql() -> None:
    if not os.environ.get("CG_TEST_PG_URL"):
        databases.find_binaries()


if __name__ == "__main__":
    main()
