"""Return addresses that must never be followed where ``https://shop.example/after-consent`` is registered.

Every class that was found to fool a parser, a prefix check or a browser; none of them may even be registered by that
site, unless it says so in ``SPELT_RIGHT``.
"""

from __future__ import annotations

REGISTERED = "https://shop.example/after-consent"

_CLASSES: dict[str, list[str]] = {
    "another host": [
        "https://evil.example/",
        "https://shop.example.evil.example/after-consent",
        "https://evilshop.example/after-consent",
        "https://a.shop.example/after-consent",
        "https://*.example/",
    ],
    "userinfo": [
        "https://shop.example@evil.example/",
        "https://shop.example:443@evil.example/",
        "https://@shop.example/after-consent",
        "https://shop.example%40evil.example/",
        "https://evil.example/@shop.example/",
    ],
    "backslash": [
        "https:\\\\evil.example/",
        "https://evil.example\\@shop.example/",
        "https://shop.example\\.evil.example/",
        "/\\evil.example",
    ],
    "slashes": [
        "//evil.example/",
        "///evil.example/",
        "https:/evil.example/",
        "https:evil.example",
        "https://///evil.example/",
        "https:/\\/evil.example/",
    ],
    "schemes": [
        "javascript:alert(1)",
        "javascript://shop.example/%0aalert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://shop.example/x",
        "about:blank",
        "ftp://shop.example/after-consent",
        "shop://shop.example/after-consent",
    ],
    "downgrade and case": [
        "http://shop.example/after-consent",
        "HTTPS://shop.example/after-consent",
        "https://SHOP.example/after-consent",
    ],
    "space and control": [
        " https://shop.example/after-consent",
        "https://shop.example/after-consent ",
        "\thttps://shop.example/after-consent",
        "https://shop\t.example/after-consent",
        "https://shop.example/after-consent\n",
        "https://shop.example/after-consent\r\nset-cookie: a=b",
        "https://shop.example/after-consent%0d%0a",
        "https://shop.example/after-consent\x00",
        "https://shop.example/after-consent%00",
    ],
    "port": [
        "https://shop.example:8443/after-consent",
        "https://shop.example:443/after-consent",
        "https://shop.example:/after-consent",
        "https://shop.example:0/after-consent",
        "https://shop.example:99999/after-consent",
        "https://shop.example:\uff18\uff14\uff14\uff13/after-consent",
    ],
    "Unicode": [
        "https://shop.example./after-consent",
        "https://shop..example/after-consent",
        "https://shop\u3002example/after-consent",
        "https://\uff53\uff48\uff4f\uff50.example/after-consent",
        "https://sh\u00adop.example/after-consent",
        "https://sh\u200bop.example/after-consent",
        "https://sh\u043ep.example/after-consent",
        "https://sho\u00df.example/after-consent",
        "https://b\u00fccher.example/after-consent",
        "https://shop.example\u2044after-consent",
        "https://evil.ex\u2100.shop.example/",
        "https://shop.example\uff0fafter-consent",
        "https://shop.example\uff20evil.example/",
        "https://\u202eelpmaxe.pohs/after-consent",
    ],
    "addresses for names": [
        "https://127.0.0.1/after-consent",
        "https://2130706433/after-consent",
        "https://0177.0.0.1/after-consent",
        "https://0x7f.1/after-consent",
        "https://[::1]/after-consent",
        "https://[::ffff:127.0.0.1]/after-consent",
        "https://[fe80::1%25eth0]/after-consent",
        "https://[shop.example]/after-consent",
        "https://localhost/after-consent",
        "https://169.254.169.254/after-consent",
    ],
    "path": [
        "https://shop.example/x/../after-consent",
        "https://shop.example/%2e%2e/after-consent",
        "https://shop.example//evil.example/",
        "https://shop.example/after%2fconsent",
        "https://shop.example/after%5cconsent",
        "https://shop.example/%252e/after-consent",
        "https://shop.example/%c3%a9",
        "https://shop.example/%zz",
        "https://shop.example/after-consent%",
    ],
    "more than the address": [
        "https://shop.example/after-consent;x=1",
        "https://shop.example/after-consent?next=https://evil.example",
        "https://shop.example/after-consent?",
        "https://shop.example/after-consent#//evil.example",
        "https://shop.example/after-consent#",
        "https://evil.example#@shop.example/after-consent",
        "https://evil.example?@shop.example/after-consent",
        "https://shop%23.example/after-consent",
    ],
    "shape": [
        "",
        "/after-consent",
        "../",
        "https://",
        "https:///x",
        "shop.example",
        "https://shop.example/after-consent,https://evil.example/",
        "https://shop.example/after-consent https://evil.example/",
        "{host}",
        "https://{host}/after-consent",
        "{{7*7}}",
        'https://shop.example/"onload="x',
        "https://shop.example/<script>",
        "https://shop.example/a b",
        "\ufeffhttps://shop.example/after-consent",
        "\u00a0https://shop.example/after-consent",
        f"https://shop.example/{'a' * 2000}",
    ],
}
SPELT_RIGHT = [
    "https://shop.example/After-Consent",
    "https://shop.example/after-consent/evil",
    "https://shop.example/after-consent..x",
]
"""Addresses the site could register, and has not."""

RETURNS = [address for addresses in _CLASSES.values() for address in addresses]
"""Addresses that cannot even be registered."""
EVERY = [*RETURNS, *SPELT_RIGHT]
