"""The verdict on a tag, and who may ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.notices.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentgw.consents.model import Standing
    from consentgw.notices.model import Tag


def released(tag: Tag, standing: Standing) -> bool:
    """Return whether a tag may load: every one of its purposes is granted now. Silence is no."""
    return standing.allows(tag.purposes)


DESTINATIONS: Mapping[Kind, frozenset[str]] = {
    Kind.SCRIPT: frozenset({"script"}),
    Kind.IMAGE: frozenset({"image"}),
    Kind.FRAME: frozenset({"iframe", "frame", "object", "embed"}),
}
"""What browsers call the elements of each kind (Sec-Fetch-Dest); a navigation is in none of them."""
