"""Tags that name a team alone: whom a thing belongs to or who pays for it, and nobody who can be asked."""

from __future__ import annotations

_TEAM_TAGS = frozenset({"team", "teams", "squad", "tribe", "department"})
_REACHED_BY = frozenset("@#:")
"""What stands in an address, a handle, a channel or a link."""


def is_team_alone(key: str, value: str) -> bool:
    """Whether a tag gives the bare name of a team. A tag `owner` says who answers, whatever it is called; so does an address or handle."""
    plain = key.strip().lower().rsplit("/", 1)[-1]
    return plain in _TEAM_TAGS and not _REACHED_BY & set(value)
