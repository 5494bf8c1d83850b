"""The shop's office, for every test of this room."""

from tests.subject_requests.story import quick, room

__all__ = ["quick", "room"]
