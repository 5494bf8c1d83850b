"""A newcomer types the one command and follows what the shop says."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

COMMAND = Path(sys.executable).with_name("consentgw")


def test_the_command_prints_its_addresses_and_a_yes_in_the_shop_reaches_the_vendors(engine, open_browser):
    with subprocess.Popen([COMMAND, "demo", "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = ""
            while "Ctrl-C" not in said:
                line = process.stdout.readline()
                assert line, said
                said += line
            shop, vendor = (re.search(rf"http://{name}\.localhost:\d+", said)[0] for name in ("shop", "vendor"))
            data = Path(re.search(r"Data folder\s+(\S+)", said)[1])
            assert (data / "consentgw.db").is_file()

            browser = open_browser(engine)
            browser.open(f"{shop}/en/")
            assert "Press Reject all" in browser.text(".try")
            browser.press("Accept all")
            address = vendor.replace("vendor.localhost", "127.0.0.1")
            host = {"host": vendor.removeprefix("http://")}
            browser.until(lambda: len(httpx.get(f"{address}/hits.json", headers=host).json()) == 3)
            browser.open(f"{vendor}/?lang=en")
            browser.see(".count", "Requests so far: 3")
            browser.see("table", "www.facebook.com")
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
        assert not data.exists()
