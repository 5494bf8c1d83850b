"""The shop's office, for every test of this room."""

from tests.subject_requests.story import busy, quick, room

__all__ = ["busy", "quick", "room"]
