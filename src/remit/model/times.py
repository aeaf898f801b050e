"""Times as records keep them: RFC 3339, UTC, seconds, `Z`; so they compare as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def text_from_time(time: datetime) -> str:
    """`2026-07-28T09:30:00Z`."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def time_from_text(text: str) -> datetime:
    """The time that an RFC 3339 text or ISO date says, UTC; raises ValueError when it says none."""
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def days_between(earlier: str, later: str) -> float:
    """Days from one time to another."""
    return (time_from_text(later) - time_from_text(earlier)) / timedelta(days=1)


def to_the_second(text: str) -> str:
    """An RFC 3339 time in UTC without the fraction of its second."""
    return f"{text.partition('.')[0].removesuffix('Z')}Z"
