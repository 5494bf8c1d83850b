"""Answers that a site never hears of.

A browser keeps what it holds on a partner's page apart from what it holds on ours. An answer given on our page alone
reaches the site only where the site sends people there and back, where we stand on its own ground, or by a receipt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.consents import store
from consentgw.consents.model import Channel

if TYPE_CHECKING:
    from consentgw.consents.receipt import Receipt
    from consentgw.db import Database
    from consentgw.sites.model import Site


def asks_apart(site: Site) -> bool:
    """Return whether a site asks on its own pages alone."""
    return not (site.returns or site.first_party)


async def given_apart(db: Database, site: Site, receipt: Receipt) -> bool:
    """Return whether only our page knows the subject of a receipt, and the site's pages never learn of it."""
    if receipt.channel is not Channel.PAGE or not asks_apart(site):
        return False
    return all(kept.receipt.channel is Channel.PAGE for kept in await db.read(store.of_subject, receipt.id))
