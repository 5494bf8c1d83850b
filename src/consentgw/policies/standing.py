"""Where a version stands among the versions of its site at an instant: in force, past, or still to come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from consentgw.policies.model import Entry


class Standing(StrEnum):
    """What a reader must know before anything else."""

    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    PLANNED = "planned"
    """Published for a later day."""
    OVERTAKEN = "overtaken"
    """Replaced while it was planned: it never came into force, and never will."""


@dataclass(frozen=True, slots=True)
class Place:
    """A version among its neighbours."""

    entry: Entry
    standing: Standing
    predecessor: Entry | None
    successor: Entry | None
    ruling: Entry | None
    """The version in force; None before the first is."""
    coming: Entry | None
    """The version that comes into force next."""

    @property
    def until(self) -> datetime | None:
        """Return when the version ceased, or will cease, to be in force; None where nobody knows."""
        ruled = self.standing in {Standing.IN_FORCE, Standing.SUPERSEDED}
        return self.successor.effective_from if ruled and self.successor else None


def places(chain: Sequence[Entry], at: datetime) -> tuple[Place, ...]:
    """Return where each version of a site stands at an instant, from the first to the last."""
    ruling = next((entry for entry in reversed(chain) if entry.effective_from <= at), None)
    befores, afters = (None, *chain), (*chain[1:], None)
    found = [
        Place(entry, _standing(entry, after, ruling, at), before, after, ruling, None)
        for entry, before, after in zip(chain, befores, afters, strict=False)
    ]
    coming = next((place.entry for place in found if place.standing is Standing.PLANNED), None)
    return tuple(
        Place(place.entry, place.standing, place.predecessor, place.successor, ruling, coming) for place in found
    )


def _standing(entry: Entry, after: Entry | None, ruling: Entry | None, at: datetime) -> Standing:
    if after and after.published_at < entry.effective_from and after.effective_from <= entry.effective_from:
        return Standing.OVERTAKEN
    if entry.effective_from > at:
        return Standing.PLANNED
    return Standing.IN_FORCE if entry is ruling else Standing.SUPERSEDED
