"""The doctor looks at things as they are, changes nothing, and says line by line what is well and what is not.

``examine(settings)`` looks at an installation; ``inspect(offer, gateway, address)`` at a partner's page from outside:
whether it carries our lines, and whether anything on it would keep them from working.
"""

from consentgw.doctor.choices import choices
from consentgw.doctor.embedding import inspect
from consentgw.doctor.installation import examine
from consentgw.doctor.model import Finding

__all__ = ["Finding", "choices", "examine", "inspect"]
