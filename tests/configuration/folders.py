"""Folders of sites that tests write down and change."""

from __future__ import annotations

from pathlib import Path

SITE = """\
slug = "shop"
name = "Дана дүкені"
origins = ["https://shop.example"]

[operator]
name = "«Дана Сауда» ЖШС"
registration = "240140012342"
address = "Алматы қ., Абай даңғылы, 1"
email = "privacy@shop.example"

[[tags]]
preset = "meta-pixel"
id = "100000000000001"
"""
CHANGE = """\
change = "material"

[reasons]
kk = "Қызмет қосылды."
ru = "Добавлен сервис."
en = "A service was added."
"""
VENDOR = """
[[tags]]
preset = "google-ads"
id = "100000001"
"""


PROCESSOR = """
[[processors]]
key = "delivery"
kk = { title = "Жеткізу қызметі", sentence = "Тапсырыстарды жеткізеді." }
ru = { title = "Служба доставки", sentence = "Доставляет заказы." }
en = { title = "Delivery service", sentence = "Delivers what was ordered." }
types = ["access", "erasure"]
given = ["email"]
days = 2
"""


def written(folder: Path, site: str = SITE, change: str | None = None, **policy: str) -> Path:
    """Write a site's folder down and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.toml").write_text(site, "utf-8")
    if policy or change:
        (folder / "policy").mkdir(exist_ok=True)
    for language, text in policy.items():
        (folder / "policy" / f"{language}.md").write_text(text, "utf-8")
    if change:
        (folder / "policy" / "change.toml").write_text(change, "utf-8")
    return folder
