"""axe-core, run by the test browser in a page of ours. The page itself still carries no script."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python

from tests.browsers.browser import Browser

_AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text(encoding="utf-8")


def violations(browser: Browser) -> list[str]:
    """Return what axe finds wrong with the current document, one line each with where; needs scripts on.

    Frames in it are documents of their own: enter each and ask again.
    """
    browser.evaluate(f"(() => {{ {_AXE}\n }})()")
    found = browser.evaluate("axe.run(document, { iframes: false }).then(done => done.violations)")
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: {[node['target'] for node in rule['nodes']]}"
        for rule in found
    ]
