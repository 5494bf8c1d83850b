"""The page of one notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from consentgw.http.pages import Page

if TYPE_CHECKING:
    from datetime import datetime

    from consentgw.notices.model import Notice
    from consentgw.notices.store import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView(Page):
    """A question as it was shown, to be read and not to be answered; all but the site's name is from the snapshot."""

    template: ClassVar[str] = "notice.html"
    notice: Notice
    digest: str
    shown: tuple[tuple[str, str], ...]
    """Every sentence in its order, each with the kind of thing it stood on; see :attr:`Notice.shown`."""
    issued_at: tuple[datetime, ...]

    @classmethod
    def of(cls, snapshot: Snapshot, site_name: str) -> Self:
        """Show a snapshot in its own language."""
        return cls(
            language=snapshot.notice.language,
            site_slug=snapshot.notice.site,
            site_name=site_name,
            notice=snapshot.notice,
            digest=snapshot.digest,
            shown=snapshot.shown,
            issued_at=snapshot.issued_at,
        )
